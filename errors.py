"""What can go wrong with an input, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_SHOWN = 50


@dataclass(frozen=True)
class Problem:
    """One thing wrong: where (file and line, or sheet and cell), which field, what was found, what is allowed, a hint."""

    where: str
    field: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}  {self.field}".rstrip()
        text = f"{place}\n    found    {self.found}\n    allowed  {self.allowed}"
        return f"{text}\n    hint     {self.hint}" if self.hint else text


class InputError(Exception):
    """A scenario, a file or an argument that cannot be used. `problems` holds all of them. Exit code 2."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        shown = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            shown.append(f"and {count - MOST_SHOWN} more")
        return "\n".join([f"{head} in the input; nothing was written.", *shown])
