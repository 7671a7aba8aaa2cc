"""What can go wrong with an input, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_SHOWN = 50
MOST_DESCRIBED = 200
"""A file with more problems than this has one cause; the others are counted."""

LONGEST_PHRASE = 1_200


@dataclass(frozen=True)
class Problem:
    """One thing wrong: where (file and line, or sheet and cell), which field, what was found, what is allowed, a hint."""

    where: str
    field: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{printable(self.where)}  {printable(self.field)}".rstrip()
        text = f"{place}\n    found    {printable(self.found)}\n    allowed  {printable(self.allowed)}"
        return f"{text}\n    hint     {printable(self.hint)}" if self.hint else text


class InputError(Exception):
    """A scenario, a file or an argument that cannot be used. Exit code 2.

    `problems` holds them in the order of the file, at most `MOST_DESCRIBED` of a file; `more` counts the others.
    """

    def __init__(self, problems: Sequence[Problem], more: int = 0) -> None:
        self.problems = tuple(problems)
        self.more = more
        super().__init__(str(self))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...], int]]:
        """Rebuilt from its problems when it crosses a process boundary."""
        return InputError, (self.problems, self.more)

    def __str__(self) -> str:
        count = len(self.problems) + self.more
        head = "1 problem" if count == 1 else f"{count:,} problems"
        blocks = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        if count > len(blocks):
            blocks.append(f"and {count - len(blocks):,} more")
        return "\n".join([f"{head} in the input; nothing was written.", *blocks])


class OutputError(OSError):
    """An answer that could not be printed or written; `place` is the file. Exit code 2."""

    def __init__(self, place: str, fault: OSError) -> None:
        self.place, self.fault = place, fault
        super().__init__(str(self))

    def __reduce__(self) -> tuple[type[OutputError], tuple[str, OSError]]:
        return OutputError, (self.place, self.fault)

    def __str__(self) -> str:
        return f"could not write {printable(self.place)}: {self.fault.strerror or self.fault}"


def printable(text: str) -> str:
    """Text of the user's as one line that no terminal takes for a command."""
    cut = text if len(text) <= LONGEST_PHRASE else f"{text[: LONGEST_PHRASE - 3]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
