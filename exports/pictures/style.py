"""What the pictures share: the page (16 cm wide for print), colours, text that is measured before it is placed, units.

Colours follow Okabe and Ito and Tol, so that colour-blind readers tell them apart, in steps of luminance for greyscale print.
Text is never read as markup: neither as mathtext nor as SVG.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from ... import __version__
from ...errors import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ...models.scenario import Scenario

WIDTH_PT = 16 / 2.54 * 72
"""16 cm: the text width of a printed page."""
PNG_DOTS_PER_INCH = 220
MARGIN_PT = 6.0
TITLE_PT, TEXT_PT, SMALL_PT = 10.5, 8.0, 7.0
FINER = 10
"""Text is measured at so many times 72 dots per inch, where the rounding of its letters to dots does not count."""
LINE = 1.3
"""Line spacing, of the size of the text."""
INK, FAINT = "#1A1A1A", "#595959"

ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""Okabe and Ito, Color Universal Design."""

SETTINGS: Any = {
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_PT,
    "axes.titlesize": TEXT_PT,
    "axes.labelsize": TEXT_PT,
    "xtick.labelsize": TEXT_PT,
    "ytick.labelsize": TEXT_PT,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.linewidth": 0.5,
    "axes.unicode_minus": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "hashlease",
    "svg.image_inline": True,
    "savefig.facecolor": "white",
}


@contextmanager
def house_style() -> Iterator[None]:
    """The settings of the pictures, whatever the user's own matplotlibrc says; they are put back afterwards."""
    own = ("backend", "webagg", "tk.")
    default: Any = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith(own)}
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=matplotlib.MatplotlibDeprecationWarning)
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        matplotlib.rcParams.update(default)
        matplotlib.rcParams.update(SETTINGS)
        yield


def rendered(figure: Figure, suffix: str) -> bytes:
    """The bytes of a picture as .png or .svg; the same picture gives the same bytes."""
    stream = io.BytesIO()
    made_by = f"hashlease {__version__}"
    with house_style():
        if suffix == ".svg":
            canvas: Any = FigureCanvasSVG(figure)
            canvas.print_svg(stream, metadata={"Date": None, "Creator": made_by})
        else:
            figure.set_dpi(PNG_DOTS_PER_INCH)
            canvas = FigureCanvasAgg(figure)
            canvas.print_png(stream, metadata={"Software": made_by})
    return stream.getvalue()


# --- text ------------------------------------------------------------------------------------------------------------


def text_width(text: str, size: float = TEXT_PT, weight: str = "normal") -> float:
    """Width of a line of text, points."""
    renderer, font = _measure(size, weight)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        width, _, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / FINER


@lru_cache(maxsize=16)
def _measure(size: float, weight: str) -> tuple[Any, FontProperties]:
    renderer: Any = RendererAgg
    return renderer(8, 8, 72 * FINER), FontProperties(family=["DejaVu Sans"], size=size, weight=weight)


def shortened(text: str, width: float, size: float = TEXT_PT, weight: str = "normal") -> str:
    """Text as one line of at most that width, with three points where it was cut."""
    text = printable(text)
    if text_width(text, size, weight) <= width:
        return text
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        fits = text_width(text[:middle].rstrip() + "…", size, weight) <= width
        least, most = (middle, most) if fits else (least, middle - 1)
    return text[:least].rstrip() + "…"


def wrapped(text: str, width: float, size: float = TEXT_PT, most: int = 2, weight: str = "normal") -> list[str]:
    """Text as lines of at most that width; what does not fit in `most` lines is cut."""
    words, lines = printable(text).split(" "), [""]
    while words:
        word = words.pop(0)
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(longer, size, weight) <= width:
            lines[-1] = longer
        elif lines[-1] and len(lines) < most:
            lines.append("")
            words.insert(0, word)
        elif not lines[-1] and len(lines) < most:
            part = shortened(word, width, size, weight)[:-1]
            part = part or word[:1]
            lines[-1] = part
            lines.append("")
            words.insert(0, word[len(part) :])
        else:
            lines[-1] = shortened(" ".join([longer, *words]), width, size, weight)
            break
    return [line for line in lines if line]


# --- the page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Caption:
    """What a picture belongs to: the line below it."""

    title: str
    source: str

    @staticmethod
    def of(scenario: Scenario, verdict: str) -> Caption:
        """The scenario's title, its file, what was changed in it, the verdict and the version."""
        title = scenario.title or scenario.name
        file = f" ({scenario.origin.file})" if scenario.origin.file else ""
        changes = "".join(f" · --set {assignment}" for assignment in scenario.origin.overrides)
        return Caption(title, f"Source: {title}{file}{changes} · {verdict} · hashlease {__version__}")


@dataclass(frozen=True)
class Swatch:
    """An entry of a key: a filled box (or a line, or a marker) and what it stands for."""

    text: str
    colour: str
    hatch: str = ""
    marker: str = ""
    line: Any = ""


class Page:
    """A page with title, subtitle, plots placed in points from the top left, and the source at the bottom."""

    def __init__(self, title: str, subtitle: str, caption: Caption, body_pt: float) -> None:
        inner = WIDTH_PT - 2 * MARGIN_PT
        head = wrapped(title, inner, TITLE_PT, 2, "bold")
        below = wrapped(subtitle, inner, TEXT_PT, 4)
        foot = wrapped(caption.source, inner, SMALL_PT, 4)
        top = MARGIN_PT + len(head) * TITLE_PT * LINE + len(below) * TEXT_PT * LINE + 4
        bottom = MARGIN_PT + len(foot) * SMALL_PT * LINE + 3
        self.top_pt, self.height_pt = top, top + body_pt + bottom
        self.figure = Figure(figsize=(WIDTH_PT / 72, self.height_pt / 72), dpi=PNG_DOTS_PER_INCH)
        at = MARGIN_PT
        for line in head:
            self.text(MARGIN_PT, at, line, size=TITLE_PT, weight="bold")
            at += TITLE_PT * LINE
        for line in below:
            self.text(MARGIN_PT, at, line)
            at += TEXT_PT * LINE
        at = top + body_pt + 3
        for line in foot:
            self.text(MARGIN_PT, at, line, size=SMALL_PT, color=FAINT)
            at += SMALL_PT * LINE

    def text(self, x: float, y: float, text: str, size: float = TEXT_PT, **look: Any) -> None:
        """A line of text; x and y of its top left corner in points from the top left of the page."""
        look = {"ha": "left", "va": "top", **look}
        self.figure.text(x / WIDTH_PT, 1 - y / self.height_pt, text, fontsize=size, parse_math=False, **look)

    def plot(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes between points of the page; top and bottom count from below the subtitle."""
        low, high = 1 - (self.top_pt + bottom) / self.height_pt, 1 - (self.top_pt + top) / self.height_pt
        axes = self.figure.add_axes((left / WIDTH_PT, low, (right - left) / WIDTH_PT, high - low))
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    def box(self, x: float, y: float, width: float, height: float, colour: str, hatch: str = "") -> None:
        """A filled box; x and y of its top left corner as for `text`."""
        corner = (x / WIDTH_PT, 1 - (y + height) / self.height_pt)
        size = (width / WIDTH_PT, height / self.height_pt)
        patch = Rectangle(corner, *size, facecolor=colour, edgecolor=INK, linewidth=0.4, hatch=hatch)
        patch.set_transform(self.figure.transFigure)
        self.figure.add_artist(patch)

    def key(self, swatches: Sequence[Swatch], top: float) -> None:
        """The key in columns, from so many points below the subtitle on."""
        columns, lines = _key_layout(swatches)
        column_pt = (WIDTH_PT - 2 * MARGIN_PT) / columns
        at = self.top_pt + top
        for first in range(0, len(swatches), columns):
            row = lines[first : first + columns]
            for column, (swatch, texts) in enumerate(zip(swatches[first : first + columns], row, strict=True)):
                x = MARGIN_PT + column * column_pt
                self._swatch(swatch, x, at)
                for number, text in enumerate(texts):
                    self.text(x + 17, at + number * TEXT_PT * LINE, text)
            at += max(map(len, row)) * TEXT_PT * LINE + 2

    def _swatch(self, swatch: Swatch, x: float, y: float) -> None:
        if not (swatch.marker or swatch.line):
            self.box(x, y + 1, 13, TEXT_PT - 0.5, swatch.colour, swatch.hatch)
            return
        from matplotlib.lines import Line2D

        xs = [x / WIDTH_PT, (x + 6.5) / WIDTH_PT, (x + 13) / WIDTH_PT]
        ys = [1 - (y + TEXT_PT * 0.6) / self.height_pt] * 3
        line = Line2D(
            xs,
            ys,
            color=swatch.colour,
            linestyle=swatch.line or "none",
            linewidth=1.3,
            marker=swatch.marker or None,
            markevery=[1],
            markersize=5,
            markeredgecolor=INK,
            transform=self.figure.transFigure,
        )
        self.figure.add_artist(line)


def key_height(swatches: Sequence[Swatch]) -> float:
    """Height of a key, points."""
    if not swatches:
        return 0.0
    columns, lines = _key_layout(swatches)
    rows = [lines[first : first + columns] for first in range(0, len(lines), columns)]
    return sum(max(map(len, row)) * TEXT_PT * LINE + 2 for row in rows)


def _key_layout(swatches: Sequence[Swatch]) -> tuple[int, list[list[str]]]:
    """(columns, lines of every entry): as many columns as the widest entry allows, two lines where one is too long."""
    inner = WIDTH_PT - 2 * MARGIN_PT
    widest = max((text_width(printable(swatch.text)) for swatch in swatches), default=0.0) + 17 + 10
    columns = max(1, min(4, int(inner // widest), len(swatches)))
    if columns == 1 and len(swatches) > 1:
        columns = 2 if widest < inner else 1
    room = inner / columns - 17 - 6
    return columns, [wrapped(swatch.text, room, TEXT_PT, 3) for swatch in swatches]


# --- colours and numbers ---------------------------------------------------------------------------------------------


def lightness(colour: Any) -> float:
    """CIE L* of a colour, 0 (black) to 100 (white): what is left of it in greyscale."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return float(116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance)


def ink_on(colour: Any) -> str:
    """Black or white text, whichever is read more easily on a colour."""
    return "white" if lightness(colour) < 55 else INK


def thousands(decimals: int = 0) -> FuncFormatter:
    """Axis numbers with separators of thousands and a true minus."""
    return FuncFormatter(lambda value, _: signed(value, decimals))


def signed(value: float, decimals: int = 0, plus: bool = False) -> str:
    """A number with separators of thousands, a true minus, and no minus before zero."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:{'+' if plus and rounded else ''},.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def numbers_on(axes: Axes, which: str) -> None:
    """Separators of thousands on an axis, with as many decimals as its steps need."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    ticks = axis.get_majorticklocs()
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=1.0)
    decimals = next((n for n in range(4) if abs(step * 10**n - round(step * 10**n)) < 1e-6), 4)
    axis.set_major_formatter(thousands(decimals))


def decimals_for(largest: float) -> int:
    """Decimals that leave about four digits."""
    return 0 if largest >= 1000 else 1 if largest >= 10 else 2 if largest >= 1 else 3
