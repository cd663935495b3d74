"""The page in a headless Chromium: the one that CHROMIUM names, else the first on PATH. Without one these tests skip."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mltools.core import mermaid, page, report
from mltools.core.markdown import clean
from mltools.core.report.around import Around
from tests import chromium, reports
from tests.chromium import Browser
from tests.pictures import png
from tests.unit.test_report_hostile import WORST, around, hostile

pytestmark = pytest.mark.full

MERMAID = Path(__file__).parent.parent / "npm/node_modules/mermaid/dist/mermaid.min.js"
CONTRAST = 4.5  # WCAG 2.2, 1.4.3, level AA


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium.find(os.environ)
    if program is None:
        pytest.skip("no Chromium here: install one, or set CHROMIUM to its path")
    with chromium.running(program, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(page.render(reports.full(), around=reports.around()))
    return path


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_loads_alone_and_the_console_stays_empty(
    browser: Browser, written: Path, *, dark: bool
) -> None:
    browser.open(written, dark=dark)
    assert browser.requests() == [written.as_uri()]
    assert browser.complaints() == []
    assert browser.evaluate("document.title") == "failed at 11111111"
    assert browser.evaluate("document.compatMode") == "CSS1Compat"
    shown = browser.evaluate("document.body.innerText")
    assert shown.index("failed") < shown.index("loss-kept") < shown.index("Metrics against the base")
    assert browser.evaluate("document.querySelectorAll('svg').length") >= 10


def luminance(colour: str) -> float:
    """The relative luminance of `rgb(r, g, b)`, as WCAG defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# Each element with text of its own: the colour of the text and that of the nearest background behind it.
COLOURS = """
[...document.querySelectorAll('body *')].filter(element => !element.closest('svg')
  && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
  && element.checkVisibility()).map(element => {
    let behind = element
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    return [element.tagName + '.' + element.className, getComputedStyle(element).color,
      getComputedStyle(behind || document.body).backgroundColor]
  })
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_what_is_behind_it(browser: Browser, written: Path, *, dark: bool) -> None:
    browser.open(written, dark=dark)
    found = browser.evaluate(COLOURS)
    assert len(found) > 100
    for what, front, back in found:
        light, low = sorted((luminance(front), luminance(back)), reverse=True)
        assert (light + 0.05) / (low + 0.05) >= CONTRAST, (what, front, back)
    ground = luminance(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground < 0.1) if dark else (ground > 0.9)


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_the_page_is_never_wider_than_the_window(browser: Browser, written: Path, width: int) -> None:
    browser.open(written, width=width)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_what_stands_in_a_cell_stays_in_it(browser: Browser, written: Path) -> None:
    browser.open(written, width=1100)
    # A width of its own for each piece of text and each drawing in a cell, against the cell's.
    beyond = browser.evaluate(
        "[...document.querySelectorAll('td')].filter(cell => [...cell.querySelectorAll('small, span, svg')]"
        ".some(piece => piece.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1))"
        ".map(cell => cell.innerText)"
    )
    assert beyond == []


def test_a_screen_reader_is_told_what_drawings_and_regions_are(browser: Browser, written: Path) -> None:
    browser.open(written)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored")
    ]
    drawings = [name for role, name in named if role in {"image", "img", "graphics-document"}]
    assert len(drawings) >= 10
    assert all(drawings)
    assert "ROC curve" in drawings
    assert all(name for role, name in named if role in {"region", "navigation", "table"})
    assert {"banner", "main", "contentinfo", "heading"} <= {role for role, _ in named}


def test_wide_tables_can_be_reached_without_a_mouse(browser: Browser, written: Path) -> None:
    browser.open(written, width=360)
    assert browser.evaluate(
        "[...document.querySelectorAll('.wide')].filter(each => each.scrollWidth > each.clientWidth)"
        ".every(each => each.tabIndex === 0 && each.getAttribute('aria-label'))"
    )


def test_the_policy_refuses_what_gets_in_all_the_same(browser: Browser, written: Path) -> None:
    intruders = (
        "<script>document.title = 'taken'</script><img src='https://e.vil/p.png' onerror='document.title=1'>"
        "<style>body{display:none}</style><p style='position:fixed'>x</p>"
        "<iframe src='https://e.vil'></iframe><form action='https://e.vil'></form>"
    )
    written.write_text(written.read_text().replace("<main>", f"<main>{intruders}"))
    browser.open(written)
    assert browser.evaluate("document.title") == "failed at 11111111"
    assert browser.evaluate("getComputedStyle(document.body).display") == "block"
    assert [address for address in browser.loaded() if address.startswith("http")] == []
    refused = " ".join(browser.complaints())
    for what in ("script", "style", "img"):
        assert what in refused


@pytest.mark.parametrize("evil", WORST)
def test_the_worst_names_do_nothing(browser: Browser, tmp_path: Path, evil: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(page.render(hostile(evil), around=around(evil)))
    browser.open(path)
    assert browser.requests() == [path.as_uri()]
    assert browser.complaints() == []
    assert (
        browser.evaluate("document.querySelectorAll('script, iframe, img, form, [onerror], [onload]').length")
        == 0
    )
    assert browser.evaluate("document.querySelectorAll('h2').length") >= 10


def test_a_picture_of_the_run_is_shown(browser: Browser, tmp_path: Path) -> None:
    content = png(40, 30)
    image = {"path": "p.png", "sha256": "a" * 64, "size": len(content), "width": 40, "height": 30}
    path = tmp_path / "report.html"
    path.write_text(page.render(reports.full(images=[image]), pictures={"a" * 64: content}))
    browser.open(path)
    assert browser.complaints() == []
    assert browser.evaluate("document.querySelector('img').naturalWidth") == 40


def test_the_screenshot_shows_the_whole_page(browser: Browser, written: Path, tmp_path: Path) -> None:
    browser.open(written)
    browser.screenshot(tmp_path / "page.png")
    height = browser.evaluate("document.documentElement.scrollHeight")
    content = (tmp_path / "page.png").read_bytes()
    assert int.from_bytes(content[20:24]) >= height > 2_000


# ---- the diagrams of the Markdown report, drawn by Mermaid itself

DRAW = """
<!doctype html><meta charset="utf-8"><body><div id="here"></div><script>{script}</script><script>
mermaid.initialize({{startOnLoad: false, securityLevel: 'strict'}})
let count = 0
async function draw(text) {{
  const here = document.getElementById('here')
  here.innerHTML = (await mermaid.render('drawn' + count++, text)).svg
  const texts = [...here.querySelectorAll('text, .nodeLabel')].map(each => each.textContent)
  return {{texts, live: here.querySelectorAll('a, img, script, iframe, [onerror]').length}}
}}
</script>
"""


@pytest.fixture(scope="module")
def drawing(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    path = tmp_path_factory.mktemp("mermaid") / "draw.html"
    path.write_text(DRAW.format(script=MERMAID.read_text().replace("</script", "<\\/script")))
    browser.open(path)
    return browser


def drawn(browser: Browser, block: str) -> dict[str, Any]:
    text = block.removeprefix("```mermaid\n").removesuffix("\n```")
    found = browser.evaluate(f"draw({json.dumps(text)})")
    assert isinstance(found, dict)
    assert found["live"] == 0
    return found


def diagrams(body: str) -> list[str]:
    return re.findall(r"^```mermaid\n.*?^```$", body, flags=re.MULTILINE | re.DOTALL)


def test_mermaid_draws_every_diagram_of_a_report(drawing: Browser) -> None:
    blocks = diagrams(report.render(reports.full(), around=reports.around()))
    assert len(blocks) == 7
    for block in blocks:
        assert drawn(drawing, block)["texts"]


@pytest.mark.parametrize("evil", WORST)
def test_mermaid_shows_the_worst_names_as_text(drawing: Browser, evil: str) -> None:
    for block in diagrams(
        report.render(hostile(evil).model_copy(update={"extras": ()}), around=around(evil))
    ):
        drawn(drawing, block)
    node = mermaid.flowchart({"a": mermaid.Node((evil,))}, [])
    (label,) = drawn(drawing, node)["texts"]
    assert "".join(label.split())[:10] == "".join(clean(evil, limit=40).split())[:10]


@pytest.mark.parametrize(
    "values", [[0.1, 0.5], [5, 5, 5], [0, 0], [-1e-9, 1e-9], [1e9, 2e9, 9e11], [-3, -2.5], [0.5]]
)
def test_mermaid_draws_any_numbers(drawing: Browser, values: list[float]) -> None:
    chart = mermaid.line_chart("m", [f"c{index}" for index in range(len(values))], values)
    assert chart is not None
    assert "c0" in drawn(drawing, chart)["texts"]


def test_numbers_beyond_mermaids_reach_are_left_to_the_table() -> None:
    assert mermaid.line_chart("m", ["a", "b"], [1, 1e13]) is None
    run = reports.past(0)
    history = (type(run)(run.id, run.commit, run.time, run.verdict, {"test.roc_auc": 1e300}),)
    assert "xychart" not in report.render(reports.full(plots=[]), around=Around(history=history))
