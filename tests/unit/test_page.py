"""The page: whole, closed, understandable without colour and without seeing."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core import page, spark
from mltools.core.page import charts, html, scale
from mltools.core.page.charts import Axes, Drawn
from mltools.core.page.style import CSS
from mltools.core.report.rows import Interval
from tests import reports
from tests.pictures import png
from tests.rendered import of_html

PAGE = page.render(reports.full(), around=reports.around())


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    found = of_html(PAGE)
    assert found.tags.isdisjoint({"script", "link", "iframe", "img", "object", "form"})
    assert not re.search(r"url\(|@import|javascript:|data:(?!\s*;)", PAGE.replace("img-src data:", ""))
    links = [attributes["href"] for tag, attributes in found.found if tag == "a"]
    assert all(link and link.startswith(("#", "https://github.com/o/r/actions/runs/1")) for link in links)


def test_the_policy_allows_the_one_style_sheet_by_its_hash() -> None:
    assert page.policy() in html.void("meta", content=page.policy()).replace("&#x27;", "'")
    assert "script-src" not in page.policy()
    assert page.policy().startswith("default-src 'none'; style-src 'sha256-")
    (style,) = re.findall(r"<style>(.*?)</style>", PAGE, flags=re.DOTALL)
    assert style == CSS
    assert not re.search(r'\sstyle="|<style[^>]+>', PAGE)


def test_every_drawing_has_a_title_and_every_table_a_caption_and_heads() -> None:
    drawings = re.findall(r"<svg[^>]*>(?=(.{10}))", PAGE)
    assert drawings
    assert all(start.startswith("<title>") for start in drawings)
    assert PAGE.count("<table>") == PAGE.count("<caption>")
    found = of_html(PAGE)
    assert all("scope" in attributes for tag, attributes in found.found if tag == "th")
    assert found.found[0] == ("html", {"lang": "en"})


def test_the_verdict_is_a_word_and_comes_first() -> None:
    main = PAGE[PAGE.index("<body>") :]
    assert main.index("failed") < main.index("<main>")
    assert "<h1>" in main


def test_links_within_the_page_have_an_end() -> None:
    found = of_html(PAGE)
    places = {attributes.get("id") for _, attributes in found.found}
    wanted = [
        str(attributes["href"])[1:]
        for tag, attributes in found.found
        if tag == "a" and str(attributes["href"]).startswith("#")
    ]
    assert wanted
    assert set(wanted) <= places


def test_lines_differ_by_more_than_colour() -> None:
    dashes = re.findall(r"\.line\.s\d\{[^}]*stroke-dasharray:([^}]*)\}", CSS)
    assert len(dashes) == len(set(dashes)) == charts.STYLES - 1


def test_a_picture_stands_inside_of_the_page() -> None:
    content = png(3, 2)
    image = {
        "path": "p.png",
        "title": "A & B",
        "sha256": "a" * 64,
        "size": len(content),
        "width": 3,
        "height": 2,
    }
    made = page.render(reports.full(images=[image]), pictures={"a" * 64: content})
    (found,) = [attributes for tag, attributes in of_html(made).found if tag == "img"]
    assert found["alt"] == "A & B"
    assert found["src"] == f"data:image/png;base64,{base64.b64encode(content).decode()}"
    assert "<img" not in page.render(reports.full(images=[image]))


def test_the_same_record_gives_the_same_page() -> None:
    assert page.render(reports.full(), around=reports.around()) == PAGE


def test_text_is_never_markup() -> None:
    made = html.tag("p", "<b>", html.tag("i", "&"), title='"><b>', data_x=True, hidden=False, aria_label=None)
    assert made == '<p title="&quot;&gt;&lt;b&gt;" data-x>&lt;b&gt;<i>&amp;</i></p>'


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_a_scale_holds_whatever_numbers_there_are(values: list[float]) -> None:
    found = scale.fitted(values, 0, 100)
    assert found.low < found.high
    assert len(found.ticks) < 30
    assert all(-1 <= found.at(max(-1e300, min(1e300, value))) <= 101 for value in values)


def test_marks_stand_at_round_numbers() -> None:
    assert scale.fitted([0.02, 0.97], 0, 100).ticks == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    assert scale.fitted([130, 870], 0, 100).ticks[:2] == (200.0, 400.0)
    assert scale.fitted([5, 5], 0, 100).ticks


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=30), st.integers(1, 2))
def test_lines_are_drawn_from_any_points(points: list[tuple[float, float]], lines: int) -> None:
    drawn = [Drawn(f"line {style}", points, style) for style in range(lines)]
    made = charts.lines("t", drawn, Axes("x", "y", diagonal=True))
    assert not re.search(r'="[^"]*(nan|inf)', made)
    assert of_html(made).open == []


@given(FINITE, FINITE, FINITE)
def test_intervals_are_drawn_from_any_numbers(low: float, high: float, change: float) -> None:
    made = charts.interval(Interval(low, high), change)
    assert not re.search(r'="[^"]*(nan|inf)', made)


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_bars_are_drawn_from_any_values(values: list[float]) -> None:
    made = charts.bars("t", [f"label {index}" for index in range(len(values))], values)
    assert not re.search(r'="[^"]*(nan|inf)', made)
    assert not re.search(r'width="-', made)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([None, None], ""),
        ([1, 1, 1], "▄▄▄"),
        ([0, None, 7], "▁·█"),
        ([3, 2, 1, 0], "█▆▃▁"),
        ([-1e308, 1e308], "▁█"),
    ],
)
def test_sparklines(values: list[float | None], line: str) -> None:
    assert spark.spark(values) == line
