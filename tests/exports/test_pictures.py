"""Pictures: valid files, names and units as text, told apart without colour, and no name is taken for markup."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cases import data, fleet, offer, scenario
from hashlease.cli import run_command
from hashlease.optimizer.decision_map import decision_map as solve_map
from hashlease.optimizer.plan import Plan
from hashlease.optimizer.solve import solve
from hashlease.optimizer.tables import Row

pytest.importorskip("matplotlib")

import numpy as np
from hashlease.exports.pictures import allocation, break_even, cash, decision_map, style, tornado, waterfall
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

HOSTILE = r"$\frac{a}{b}$ <b>&amp; _{x}^2 \alpha"
LONG = ("WIDE names of offers, " * 4)[:64].strip()
"""As long as a name may be."""
CAPTION = style.Caption("Title", "Source: here")
OFFERS = [
    offer("First & best"),
    offer("Second", rent_usd_per_kw_month=80.0, start_window={"earliest": "2026-06", "latest": "2026-09"}),
]


def case(names: tuple[str, str] = ("First & best", "Second"), fleet_name: str = "Fleet") -> Plan:
    fleets = [fleet(fleet_name)]
    return solve(scenario(fleets=fleets, leases=[{**one, "name": name} for one, name in zip(OFFERS, names, strict=True)]))


def curve(name: str = "Offer") -> list[Row]:
    kinds = ["point", "breakpoint", "today", "point"]
    fixed = {"site": "Site", "offer": name, "parameter": "hashprice", "unit": "x today's path"}
    rents = [80.0, 90.0, 95.0, None]
    values = [0.5, 0.8, 1.0, 2.0]
    found = zip(values, rents, kinds, strict=True)
    return [{**fixed, "value": v, "break_even_rent_usd_per_kw_month": rent, "kind": kind} for v, rent, kind in found]


def bars(name: str = "rent") -> list[Row]:
    row: Row = {"path": "x", "label": name, "today": 100.0, "low": 90.0, "high": 110.0, "npv_today_usd": 50e6}
    row |= {"plan_changes_low": True, "plan_changes_high": False, "npv_low_usd": 40e6, "npv_high_usd": 65e6}
    none: Row = {**row, "label": "one side", "low": None, "npv_low_usd": None, "plan_changes_low": None}
    return [row, none, {**row, "label": "no effect", "npv_low_usd": 50e6, "npv_high_usd": 50e6}]


def steps(name: str = "rent") -> list[Row]:
    """100 + 60 - 30 = 130."""
    found = [("all mining", "start", None, 100e6), (name, "change", 60e6, 160e6), ("capex", "change", -30e6, 130e6)]
    found.append(("optimum", "end", None, 130e6))
    return [{"step": step, "kind": kind, "change_usd": usd, "npv_usd": npv} for step, kind, usd, npv in found]


def mapped(box: dict[str, tuple[float, float]], names: tuple[str, str] = ("First & best", "Second")) -> Figure:
    leases = [{**one, "name": name} for one, name in zip(OFFERS, names, strict=True)]
    return decision_map.decision_map(solve_map(scenario(leases=leases), box))


TWO = {"hashprice": (0.5, 2.5), "rent": (0.5, 1.5)}
DRAWN: dict[str, tuple[Callable[[str], Figure], list[str]]] = {
    "allocation": (lambda name: allocation.allocation(case((name, "Second"))), ["MW at the meter", "year"]),
    "cash": (lambda name: cash.cash(case((name, "Second"))), ["cash, M USD a year", "year"]),
    "map": (lambda name: mapped(TWO, (name, "Second")), ["hashprice, multiple of today's", "hashprice in 2026-01, USD/PH/day"]),
    "slices": (lambda name: mapped({**TWO, "power": (0.5, 2.0)}, (name, "Second")), ["USD/PH/day"]),
    "line": (lambda name: mapped({"hashprice": (0.5, 2.5)}, (name, "Second")), ["NPV, M USD", "less than the best, M USD"]),
    "break-even": (
        lambda name: break_even.break_even(curve(name), {name: 92.0}, CAPTION),
        ["break-even rent, USD/kW-month of critical IT"],
    ),
    "break-evens": (
        lambda name: break_even.break_even([*curve(name), *curve("Second")], {name: 92.0}, CAPTION),
        ["break-even rent, USD/kW-month of critical IT"],
    ),
    "tornado": (lambda name: tornado.tornado(bars(name), CAPTION), ["NPV, M USD"]),
    "waterfall": (lambda name: waterfall.waterfall(steps(name), CAPTION), ["NPV, M USD"]),
}
WITHOUT_NAMES = ("cash",)


def texts(content: bytes) -> list[str]:
    """The texts of an SVG, as a reader finds them."""
    root = ElementTree.fromstring(content)
    return ["".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("kind", DRAWN)
def test_svg_has_units_and_names_as_text(kind: str) -> None:
    draw, units = DRAWN[kind]
    found = texts(style.rendered(draw("First & best"), ".svg"))
    assert not [unit for unit in units if not any(unit in text for text in found)]
    if kind not in WITHOUT_NAMES:
        assert any("First & best" in text for text in found)


@pytest.mark.parametrize("kind", DRAWN)
def test_png_is_16_cm_wide_in_print(kind: str) -> None:
    content = style.rendered(DRAWN[kind][0]("First & best"), ".png")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert width == pytest.approx(16 / 2.54 * style.PNG_DOTS_PER_INCH, abs=1)
    assert 500 < height < 2500


@pytest.mark.parametrize("kind", DRAWN)
def test_no_name_is_markup(kind: str) -> None:
    found = texts(style.rendered(DRAWN[kind][0](HOSTILE), ".svg"))
    if kind not in WITHOUT_NAMES:
        assert any(HOSTILE[:14] in text for text in found)


def placed(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that shows and the box that it takes, in dots."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found: list[Text] = list(figure.texts)
    for axes in [inner for outer in figure.axes for inner in (outer, *outer.child_axes)]:
        found += axes.texts
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            found.append(axis.label)
            found += [t for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high for t in (tick.label1, tick.label2)]
    return [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in found if t.get_visible() and t.get_text()]


@pytest.mark.parametrize("name", ["Short", LONG])
@pytest.mark.parametrize("kind", DRAWN)
def test_no_text_leaves_the_page_or_covers_another(kind: str, name: str) -> None:
    with style.house_style():
        figure = DRAWN[kind][0](name)
        boxes = placed(figure)
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in boxes:
        assert box.x0 > -2 and box.x1 < width + 2 and box.y0 > -2 and box.y1 < height + 2, text
    for (one, first), (two, second) in combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        along = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across < 4 or along < 6, (one, two)


def test_the_same_picture_gives_the_same_bytes() -> None:
    plan = case()
    for suffix in (".png", ".svg"):
        first, second = (style.rendered(allocation.allocation(plan), suffix) for _ in range(2))
        assert first == second
        assert b"/home" not in first
    assert b"<dc:date>" not in style.rendered(cash.cash(plan), ".svg")


def test_settings_of_the_user_are_put_back() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    style.rendered(cash.cash(case()), ".svg")
    assert dict(matplotlib.rcParams) == before


# --- what is drawn -----------------------------------------------------------------------------------------------------


def test_bands_are_the_rows_and_neighbours_differ_in_greyscale() -> None:
    leases = [offer(f"Offer {n}", critical_it_mw=2.0) for n in range(12)]
    plan = solve(scenario(leases=leases, fleets=[fleet(f"Fleet {n}", mw=15.0) for n in range(6)]))
    months = [str(month) for month in plan.scenario.calendar.months]
    layers = allocation.layers_of(plan.rows["allocation"], months)
    assert len(layers) > 15
    assert sum(float(layer.mw.sum()) for layer in layers) == pytest.approx(100.0 * len(months))
    for below, above in pairwise(layers):
        apart = abs(style.lightness(below.colour) - style.lightness(above.colour))
        assert apart >= allocation.LEAST_STEP or below.hatch != above.hatch
    looks = [(layer.colour, layer.hatch) for layer in layers]
    assert len(set(looks)) == len(looks)


def test_groups_of_cash_are_all_cash() -> None:
    plan = case()
    years = list(plan.scenario.calendar.years)
    rows = plan.rows["cash_by_year"]
    total = sum(musd.sum() for _, musd in cash.groups_of(rows, years))
    assert total * 1e6 == pytest.approx(sum(row["usd"] for row in rows))
    unknown = [{"year": years[0], "item": "unheard_of", "usd": 2e6}]
    assert [(group.text, musd[0]) for group, musd in cash.groups_of(unknown, years)] == [("other items", 2.0)]


def test_every_item_of_the_ledger_has_a_group_and_groups_differ_without_colour() -> None:
    from hashlease.optimizer.ledger_lines import ITEMS

    assert sorted(item for group in cash.GROUPS for item in group.items) == sorted(ITEMS)
    for one, two in combinations((*cash.GROUPS, cash.OTHER), 2):
        assert one.hatch != two.hatch or abs(style.lightness(one.colour) - style.lightness(two.colour)) >= 12


def test_a_halving_counts_once() -> None:
    """A halving inside a month is a mean of both subsidies, so two months fall."""
    market = [{"period": f"2028-{m:02d}", "subsidy_btc": btc} for m, btc in ((3, 3.125), (4, 2.5), (5, 1.5625), (6, 1.5625))]
    assert allocation.halvings(market) == ["2028-04"]


def test_the_map_shows_who_wins() -> None:
    """The best choice on the fast grid is the one that the map itself finds at every point."""
    found = solve_map(scenario(leases=OFFERS), TWO)
    choices, of_plan = decision_map.choices_of(found)
    worth = decision_map._worth(found, of_plan, len(choices), {}, 9)
    lines, slow = found.grid(9)
    assert [len(line) for line in lines] == [9, 9]
    assert worth.max(axis=-1) == pytest.approx(slow.max(axis=-1))
    assert len(choices) > 1
    colours = decision_map._colours(choices)
    steps = sorted(style.lightness(colour) for colour in colours)
    assert min(np.diff(steps)) > 3
    more = sorted(zip([choice.leased_mw for choice in choices], colours, strict=True))
    assert style.lightness(more[0][1]) > style.lightness(more[-1][1])


def test_spots_lie_inside_their_regions() -> None:
    inside = np.zeros((30, 30), dtype=bool)
    inside[2:9, 2:9] = inside[20:29, 12:29] = True
    inside[15, :] = True
    spots = decision_map._spots(inside, 2, 2)
    assert len(spots) == 2
    assert all(inside[spot] for spot in spots)
    assert (5, 5) in spots


def test_long_text_is_cut_to_its_room() -> None:
    assert style.text_width(style.shortened(LONG, 100.0)) <= 100.0
    lines = style.wrapped(LONG * 3, 100.0, most=3)
    assert len(lines) == 3
    assert all(style.text_width(line) <= 100.0 for line in lines)
    assert lines[-1].endswith("…")
    assert style.wrapped("W" * 500, 50.0, most=2)[-1].endswith("…")


def lines_of(figure: Figure, marker: str) -> list[tuple[float, float]]:
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in figure.axes[0].lines if line.get_marker() == marker]  # type: ignore[index]


def dashed(figure: Figure) -> list[float]:
    return [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "--" and line.get_linewidth() == 0.8]  # type: ignore[index]


def over_capex(name: str, today: float) -> list[Row]:
    fixed = {"site": "Site", "offer": name, "parameter": "capex", "unit": "USD per critical MW"}
    found = [(6e6, 70.0, "point"), (today, 90.0, "today"), (14e6, 150.0, "point")]
    return [{**fixed, "value": v, "break_even_rent_usd_per_kw_month": rent, "kind": kind} for v, rent, kind in found]


def test_every_diamond_is_at_the_offers_own_value_of_today() -> None:
    rows = [*over_capex("One", 8e6), *over_capex("Two", 11e6)]
    figure = break_even.break_even(rows, {"One": 92.0, "Two": 99.0}, CAPTION)
    assert lines_of(figure, "D") == [(8e6, 92.0), (11e6, 99.0)]
    assert dashed(figure) == []
    found = " ".join(texts(style.rendered(figure, ".svg")))
    assert "own capex today" in found
    assert "dashed" not in found
    assert "plans change" not in found
    for text, box in placed(figure):
        assert box.x1 < figure.bbox.width, text


def test_offers_with_one_value_of_today_share_a_line() -> None:
    rows = [*over_capex("One", 8e6), *over_capex("Two", 8e6)]
    figure = break_even.break_even(rows, {"One": 92.0, "Two": 92.0}, CAPTION)
    assert dashed(figure) == [8e6]
    sizes = [line.get_markersize() for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert sizes[0] < sizes[1]
    assert "dashed: today" in " ".join(texts(style.rendered(figure, ".svg")))


def test_the_map_has_no_star_where_today_is_outside() -> None:
    found = " ".join(texts(style.rendered(mapped({"hashprice": (1.5, 2.5), "rent": (0.5, 1.5)}), ".svg")))
    assert "outside of the box" in found
    assert "★" not in found
    assert "arrow" not in found
    assert "★" in " ".join(texts(style.rendered(mapped(TWO), ".svg")))


# --- the command -------------------------------------------------------------------------------------------------------


def written(folder: Path, **changes: object) -> Path:
    import yaml

    path = folder / "case.yaml"
    path.write_text(yaml.safe_dump(data(**changes)))
    return path


@pytest.mark.parametrize("kind", ["allocation", "cash", "map", "break-even", "tornado", "waterfall"])
def test_every_kind_is_a_command(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"{kind}.svg"
    assert run_command(["picture", kind, str(written(tmp_path)), "-o", str(file)]) == 0
    assert texts(file.read_bytes())
    assert "wrote" in capsys.readouterr().out


def test_changes_of_the_scenario_are_in_the_source_line(tmp_path: Path) -> None:
    file = tmp_path / "cash.svg"
    change = "leases.Offer.rent_usd_per_kw_month=90"
    assert run_command(["picture", "cash", str(written(tmp_path)), "-o", str(file), "--set", change]) == 0
    assert change in " ".join(texts(file.read_bytes()))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cash", "-o", "x.gif"], ".png or .svg"),
        (["cash", "-o", "x"], ".png or .svg"),
        (["cash", "-o", "/proc/none/x.png"], "a folder that can be written to"),
        (["cash", "-o", "x.png", "--offer", "Offer"], "--offer goes with break-even"),
        (["map", "-o", "x.png", "--hashprice", "wide"], "LOW:HIGH"),
        (["break-even", "-o", "x.png", "--range", "1"], "LOW:HIGH"),
        (["break-even", "-o", "x.png", "--offer", "Ofer"], "one of: Offer"),
        (["tornado", "-o", "x.png", "--most", "0"], "1 or more"),
    ],
)
def test_what_cannot_be_is_told_before_the_solving(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case_file = written(tmp_path)
    monkeypatch.chdir(tmp_path)
    kind, *others = arguments
    assert run_command(["picture", kind, str(case_file), *others]) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["case.yaml"]


def test_an_unknown_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run_command(["picture", "pie", "rockdale", "-o", "x.png"])
    assert stop.value.code == 2
    assert "allocation" in capsys.readouterr().err


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run_command(["picture", "cash", "rockdale", "-o", str(tmp_path / "x.png")]) == 2
    assert "pip install 'hashlease[pictures]'" in capsys.readouterr().err


def test_a_broken_matplotlib_is_told(tmp_path: Path) -> None:
    code = "import sys; sys.modules['matplotlib.figure'] = None; from hashlease.cli import run_command; "
    code += f"sys.exit(run_command(['picture', 'cash', 'rockdale', '-o', {str(tmp_path / 'x.png')!r}]))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "matplotlib cannot be used" in found.stderr
    assert "Traceback" not in found.stderr


def test_no_plan_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signed = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    case_file = written(tmp_path, sites__0__energised_mw=20, fleets=[], **signed)
    assert run_command(["picture", "cash", str(case_file), "-o", str(tmp_path / "x.png")]) == 3
    assert "INFEASIBLE" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_the_command_line_starts_without_matplotlib() -> None:
    code = "import sys, hashlease.cli; hashlease.cli.parser(); print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
