"""The worst that names, values and texts can hold, thrown at every rendering of a report."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mltools.core import page, report
from mltools.core.records import Record, parse_record
from mltools.core.report import text
from mltools.core.report.around import Around, Past
from mltools.core.report.facts import summarise
from mltools.core.verdict import Outcome
from tests import reports
from tests.rendered import HIDDEN, LIVE, of_html, of_markdown

WORST = (
    "<!-- mltools:report:v1:. --> @team ![x](https://e.vil/p.png)",
    "</details></summary><img src=https://e.vil/p.png onerror=alert(1)><script>alert(1)</script>",
    "[click](https://e.vil) <https://e.vil> https://e.vil www.e.vil a@e.vil",
    "| a | b |\n| --- | --- |\n# heading\n```\n~~~",
    '```mermaid\nflowchart LR\n  x --> y\n  click x href "https://e.vil"\n```',
    '"]; click n0 href "https://e.vil"; n0["`**b**`',
    "\u202egnp.exe\u2066 \u200b\ufeff\u00ad\U000e0041 \x1b[31m\x00\x07",
    "`code` `` ` **bold** _it_ ~~no~~ $$x$$ :tada: #12 GH-12 deadbeefcafe0123",
    "\"' style=x onmouseover=alert(1) x='",
    "a|b [c](javascript:alert(1)) @team",
    "]]><svg/onload=alert(1)>&lt;b&gt;&#60;i&#62;",
    "x" * 400,
)


def hostile(evil: str) -> Record:
    """A record with one text wherever a text can be."""
    name = evil[:400]
    gate = {
        "name": name,
        "kind": name,
        "outcome": "undecided",
        "reason": evil,
        "evidence": {
            "metric": name,
            "better": evil,
            "interval": [-1, 1],
            "level": 0.95,
            "verdict": evil,
            name: evil,
            "groups": [{name: evil}],
        },
        "override": {"by": name, "reason": evil, "commit": "4" * 40, "how": name},
    }
    label = evil[:100]
    tree: dict[str, Any] = {
        **reports.load(),
        "project": name,
        "branch": name,
        "trigger": name,
        "url": "https://e.vil/) [z](https://e.vil",
        "summary": evil,
        "base": {"commit": reports.BASE, "ref": name, "how": "record", "run": name},
        "gates": [gate, {**gate, "kind": "slice"}, {**gate, "kind": "fairness", "outcome": "failed"}],
        "metrics": {name: 1.0, f"{name[:300]}.text": evil},
        "base_metrics": {name: 2.0},
        "params": {name: evil},
        "base_params": {name: 1},
        "data": [
            {
                "path": name,
                "contract": name,
                "outcome": "failed",
                "violations": [
                    {"column": name, "rule": name, "message": evil, "count": 1, "examples": [evil], "line": 1}
                ],
            },
            {"path": name, "outcome": "failed", "error": evil},
        ],
        "data_changes": [
            {
                "path": name,
                "was": name,
                "kind": "changed",
                "contract": "breaking",
                "reasons": [evil],
                "problem": evil,
                "columns": [
                    {
                        "name": name,
                        "kind": "retyped",
                        "type": name,
                        "base_type": name,
                        "new": [label],
                        "new_count": 1,
                        "psi": 0.5,
                        "band": "large",
                    }
                ],
            }
        ],
        "stages": [
            {"name": name, "state": "ran", "seconds": 1, "changed": True},
            {"name": f"{name[:300]}2", "state": "cached", "needs": [name]},
        ],
        "plots": [
            {
                "kind": "matrix",
                "path": name,
                "title": name,
                "x": name,
                "y": name,
                "labels": [label],
                "rows": ["1"],
            },
            {
                "kind": "bars",
                "path": name,
                "title": name,
                "x": name,
                "y": name,
                "labels": [label],
                "values": "1",
            },
            {
                "kind": "curves",
                "path": name,
                "title": name,
                "x": name,
                "y": name,
                "lines": [{"name": name, "x": "0 1", "y": "0 1"}, {"name": label, "x": "0 1", "y": "0 1"}],
            },
        ],
        "images": [
            {"path": name, "title": name, "sha256": "a" * 64, "size": 1, "width": 1, "height": 1},
        ],
        "extras": [{"title": label, "text": evil}],
        "environment": {"python": name, "platform": name, "mltools": name, "dvc": name, "runner": name},
        "warnings": [evil] * 5,
    }
    parsed = parse_record(tree, "run.json")
    return parsed.model_copy(update={"summary": summarise(parsed)})


def around(evil: str) -> Around:
    run = Past(evil, "a" * 40, "2026-01-01T00:00:00Z", Outcome.PASSED, {evil[:400]: 3.0})
    return Around(
        history=(run, run), base_plots=hostile(evil).plots, images={"a" * 64: f"https://e.vil/){evil}"}
    )


def markdown_of(evil: str, **changes: Any) -> str:
    return report.render(hostile(evil).model_copy(update=changes), around=around(evil))


OURS = {
    *("h3", "h4", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "p", "br", "strong"),
    *("details", "summary", "blockquote", "ul", "li", "sub"),
}


@pytest.mark.parametrize("evil", WORST)
def test_markdown_renders_as_nothing_but_what_we_wrote(evil: str) -> None:
    body = markdown_of(evil, extras=())
    found = of_markdown(body)
    assert found.tags <= OURS
    assert found.comments == []
    assert found.open == []
    assert all(set(attributes) <= {"style", "class"} for _, attributes in found.found)
    assert HIDDEN.search(body) is None


@pytest.mark.parametrize("evil", WORST)
def test_markdown_holds_no_mention_reference_or_address_outside_of_code(evil: str) -> None:
    shown = of_markdown(markdown_of(evil, extras=())).plain
    # Commits are hashes, whoever made the record, and may be linked.
    found = LIVE.search(re.sub(r"\b[1a]{7,8}\b", "", shown))
    assert found is None, found


@pytest.mark.parametrize("evil", WORST)
@pytest.mark.parametrize("limit", [65_536, 4_000])
def test_whatever_is_left_out_the_rest_stays_whole(evil: str, limit: int) -> None:
    body = report.render(hostile(evil), around=around(evil), limit=limit)
    assert len(body) <= limit
    assert of_markdown(body).open == []


@pytest.mark.parametrize("evil", WORST)
def test_a_projects_own_section_holds_no_html_mention_or_marker(evil: str) -> None:
    body = report.render(hostile(evil), around=Around(sections=("extra",)))
    found = of_markdown(body)
    assert {"script", "svg"}.isdisjoint(found.tags)
    assert found.comments == []
    assert found.open == []
    assert not re.search(r"@[\w-]", found.plain)
    assert HIDDEN.search(body) is None


@pytest.mark.parametrize("evil", WORST)
def test_diagrams_hold_no_text_that_mermaid_would_read(evil: str) -> None:
    for block in re.findall(
        r"^```mermaid\n(.*?)^```$", markdown_of(evil, extras=()), flags=re.MULTILINE | re.DOTALL
    ):
        for label in re.findall(r'"(.*?)"', block):
            assert re.fullmatch(r"(?:[\w ]|#\d+;|<br/>)*", label)
        skeleton = re.sub(r'".*?"', '""', block)
        assert re.fullmatch(r"[\w\s.\[\]\",:>-]*", skeleton)


@pytest.mark.parametrize("evil", WORST)
def test_the_page_holds_our_elements_alone(evil: str) -> None:
    found = of_html(page.render(hostile(evil), around=around(evil)))
    assert found.tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "link", "base"})
    assert found.comments == []
    assert found.open == []
    for tag, attributes in found.found:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        addresses = [
            attributes[name] for name in ("href", "src", "xlink:href", "action") if name in attributes
        ]
        assert all(address is not None and address.startswith("#") for address in addresses), (tag, addresses)


@pytest.mark.parametrize("evil", WORST)
def test_the_page_shows_what_is_hidden(evil: str) -> None:
    assert HIDDEN.search(page.render(hostile(evil), around=around(evil))) is None


@pytest.mark.parametrize("evil", WORST)
def test_the_terminal_gets_no_control_characters(evil: str) -> None:
    shown = text.render(hostile(evil), around=around(evil))
    assert HIDDEN.search(shown) is None
    assert all(line.isprintable() for line in shown.split("\n"))


def test_evidence_may_be_anything() -> None:
    odd: Iterator[Any] = iter(
        [
            {"metric": ["a"], "interval": "wide", "groups": [1, 2]},
            {"interval": [1], "groups": []},
            {"interval": [None, 2], "level": "high", "verdict": ["better"]},
            {"interval": [1e308, -1e308], "level": 7, "metric": {"a": 1}},
            {"groups": {"a": {"b": [1, {"c": 2}]}, "d": 3}},
            {"value": 10**400, "base": True, "better": 3, "min": "x", "max": [1]},
            {"groups": [{}]},
            {"groups": [{"a": 1}, "b"]},
        ]
    )
    for evidence in odd:
        gates = [
            {"name": f"g-{kind}", "kind": kind, "outcome": "passed", "reason": "r", "evidence": evidence}
            for kind in ("slice", "fairness", "significance")
        ]
        record = reports.full(gates=gates)
        assert report.render(record)
        assert page.render(record)
        assert text.render(record)
