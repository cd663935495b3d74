"""What `mltools run` leaves to be looked at: the pipeline's graph, plots, pictures, the project's own section, history."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.pictures import png
from tests.projects import FILES, branch, make_project, set_quality
from tests.rendered import of_html, of_markdown
from tests.support import commit, git, mltools

pytestmark = pytest.mark.slow

EVALUATE = (
    FILES["evaluate.py"]
    + f"""
pathlib.Path("plots").mkdir(exist_ok=True)
lines = ["fpr,tpr", "0,0", f"0.1,{{quality}}", "1,1"]
pathlib.Path("plots/roc.csv").write_text("\\n".join(lines) + "\\n")
pathlib.Path("plots/picture.png").write_bytes({png()!r})
pathlib.Path("notes.md").write_text(f"Quality **{{quality}}** <b>@team</b>\\n")
"""
)
DVC = (
    FILES["dvc.yaml"]
    .replace(
        "    metrics:\n",
        "    outs:\n      - plots/roc.csv: {cache: false}\n      - plots/picture.png: {cache: false}\n"
        "      - notes.md: {cache: false}\n    metrics:\n",
    )
    .replace(
        "artifacts:",
        "plots:\n  - plots/roc.csv: {x: fpr, y: tpr, title: ROC}\n  - plots/picture.png\nartifacts:",
    )
)
POLICY = FILES["mltools.yaml"] + "report: {extra: [{title: Notes, file: notes.md}], images: ref}\n"


def left(place: Path) -> dict[str, Any]:
    value = json.loads((place / ".mltools/run.json").read_text())
    assert isinstance(value, dict)
    return value


def test_a_run_leaves_a_report_and_a_page_with_all_that_the_pipeline_made(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p", **{"evaluate.py": EVALUATE, "dvc.yaml": DVC, "mltools.yaml": POLICY})
    first = mltools(place, "run")
    assert first.code == 0, first.err
    assert first.out.startswith("passed: ")
    record = left(place)
    assert [(stage["name"], stage["needs"], stage["changed"]) for stage in record["stages"]] == [
        ("train", [], None),
        ("evaluate", ["train"], None),
    ]
    (curve,) = record["plots"]
    assert curve["lines"] == [{"name": "", "x": "0 0.1 1", "y": "0 0.9 1"}]
    assert record["images"][0]["path"] == "plots/picture.png"
    commit(place, {}, "Keep the results")
    assert mltools(place, "run").code == 0

    branch(place, "better")
    set_quality(place, 0.95)
    second = mltools(place, "run", "--bundle", str(tmp_path / "bundle"))
    assert second.code == 0, second.err
    assert "history test.auc: " in second.out
    assert "pipeline: 2 of 2 stages ran, 2 changed" in second.out
    assert [stage["changed"] for stage in left(place)["stages"]] == [True, True]

    shown = (place / ".mltools/report.md").read_text()
    for words in (
        "Pipeline: 2 of 2 stages ran, 2 changed",
        "n0 --> n1",
        "History: the last",
        "| Base | This change |",
    ):
        assert words in shown
    found = of_markdown(shown)
    assert "Quality 0.95 <b>@\u200bteam</b>" in found.plain
    assert "b" not in found.tags

    html = (place / ".mltools/report.html").read_text()
    page = of_html(html)
    assert {"svg", "img", "polyline"} <= page.tags
    assert "base" in html[html.index("ROC") :]
    assert (tmp_path / "bundle/report.html").read_text() == html
    assert (tmp_path / f"bundle/images/{left(place)['images'][0]['sha256']}.png").read_bytes() == png()
    assert git(place, "status", "--porcelain", "--", ".mltools") == ""

    again = mltools(place, "report", "render")
    assert again.out == shown


def test_a_stage_that_stays_the_same_is_not_marked(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p")
    assert mltools(place, "run").code == 0
    commit(place, {}, "Keep the results")
    assert mltools(place, "run").code == 0
    branch(place, "later")
    commit(place, {"evaluate.py": FILES["evaluate.py"] + "# changed\n"})
    done = mltools(place, "run", "--json")
    assert [(stage["name"], stage["changed"]) for stage in done.json["stages"]] == [
        ("train", False),
        ("evaluate", True),
    ]
