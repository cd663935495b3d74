"""What a validation found as Markdown, remarks and JUnit: complete, and deaf to what names and values say."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltools.ci.github_job import annotate
from mltools.ci.provider import Annotation
from mltools.core.contract import parse_contract
from mltools.core.junit import junit, rules
from mltools.core.records import DataSet, Violation
from mltools.core.validation_report import Checked, Remark, markdown, remarks
from mltools.core.verdict import Outcome

CONTRACT = parse_contract(
    {
        "schema": 1,
        "columns": {
            "id": {"type": "integer", "required": True, "unique": True},
            "size": {"type": "number", "minimum": 0, "maximum": 30},
            "note": {"type": "string", "max_length": 3, "severity": "warn"},
            "seen": {"type": "datetime"},
        },
        "extra_columns": "forbid",
        "column_order": "strict",
        "primary_key": ["id", "size"],
        "checks": [{"name": "sizes", "expression": "size <> id"}],
        "freshness": {"column": "seen", "max_age": "7d"},
    },
    "schemas/raw.yaml",
)
# The form of Jenkins' junit-10.xsd: attributes (those that must be there first) and children of each element.
XSD: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {"time", "skipped"}, {"testcase"}),
    "testcase": ({"name"}, {"time", "classname"}, {"skipped", "error", "failure"}),
    "skipped": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "failure": (set(), {"type", "message"}, set()),
}
# A code span of Markdown, from its backticks to as many more.
SPAN = r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)"
HOSTILE = [
    "<script>alert(1)</script>",
    "]]><failure/>",
    '" onclick="x',
    "&amp;&#0;",
    "a\0b\x1b[31mred\x07\x85\ufffe",
    "::error::x",
    "##[add-mask]x",
    "%0A::set-output name=a::b",
    "two\r\n::stop-commands::x",
    "[a](https://evil.example) ![i](https://evil.example) @octo #1",
    "| a | b |\n|---|---|",
    "```\n</details>",
    "--><!-- mltools:report:v1:. -->",
    "\u202eleft\u200b",
]


def violation(rule: str, message: str, **changes: Any) -> Violation:
    return Violation(**{"column": None, "rule": rule, "message": message, "count": 1, **changes})


def data(*violations: Violation, **changes: Any) -> DataSet:
    failed = any(item.severity == "error" for item in violations)
    outcome = Outcome.FAILED if failed else Outcome.PASSED
    values: dict[str, Any] = {
        "path": "data/raw.csv",
        "contract": "schemas/raw.yaml",
        "rows": 3,
        "outcome": outcome,
    }
    return DataSet(**{**values, "violations": violations, **changes})


def read(text: str) -> ET.Element:
    """The report, read back; every element is as the schema has it, and counts are those of the cases."""
    root = ET.fromstring(text)
    for element in root.iter():
        must, may, children = XSD[element.tag]
        assert must <= element.attrib.keys() <= must | may, element.tag
        assert {child.tag for child in element} <= children
        assert not element.get("time") or re.fullmatch(r"\d+\.\d{3}", element.get("time", ""))
    for suite in root:
        kinds = [[child.tag for child in case] for case in suite]
        assert suite.get("tests") == str(len(suite))
        for word, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(word) == str(sum(kind in found for found in kinds))
    for word in ("tests", "failures", "errors"):
        assert root.get(word) == str(sum(int(suite.get(word, "")) for suite in root))
    return root


def cases(root: ET.Element) -> dict[str, tuple[str, str]]:
    """Each case's name with its result and message."""
    return {
        case.get("name", ""): (case[0].tag, case[0].get("message", "")) if len(case) else ("passed", "")
        for case in root.iter("testcase")
    }


def test_every_rule_of_the_contract_is_a_case() -> None:
    root = read(junit([Checked(data(), CONTRACT, 1.25)]))
    assert cases(root) == dict.fromkeys(
        [
            "readable",
            "id: present",
            "id: type",
            "id: required",
            "id: unique",
            "size: present",
            "size: type",
            "size: minimum",
            "size: maximum",
            "size: primary_key",
            "note: present",
            "note: type",
            "note: max_length",
            "seen: present",
            "seen: type",
            "seen: freshness",
            "extra_columns",
            "column_order",
            "primary_key",
            "checks.sizes",
            "rows",
        ],
        ("passed", ""),
    )
    assert [suite.get("name") for suite in root] == ["data/raw.csv"]
    assert (root.get("time"), root[0][0].get("time"), root[0][1].get("time")) == ("1.250", "1.250", "0.000")


def test_errors_fail_and_warnings_are_skipped_with_their_sentence() -> None:
    found = data(
        violation(
            "maximum", "1 of 3 rows: size above maximum 30", column="size", line=7, examples=("row 1: 31.2",)
        ),
        violation("max_length", "1 of 3 rows: note is longer", column="note", severity="warn", line=8),
        violation("extra_columns", "column a is not in the contract", column="a"),
        violation("extra_columns", "column b is not in the contract", column="b"),
        violation("checks.sizes", "1 of 3 rows: check sizes", line=9),
    )
    root = read(junit([Checked(found, CONTRACT)]))
    assert {name: said for name, said in cases(root).items() if said[0] != "passed"} == {
        "size: maximum": ("failure", "1 of 3 rows: size above maximum 30"),
        "note: max_length": ("skipped", "warning: 1 of 3 rows: note is longer"),
        "extra_columns": ("failure", "column a is not in the contract; column b is not in the contract"),
        "checks.sizes": ("failure", "1 of 3 rows: check sizes"),
    }
    (failure,) = (case[0] for case in root.iter("testcase") if case.get("name") == "size: maximum")
    assert failure.text == "schemas/raw.yaml:7: 1 of 3 rows: size above maximum 30\n    row 1: 31.2"
    assert failure.get("type") == "maximum"


def test_rules_of_a_missing_column_were_not_tried() -> None:
    root = read(junit([Checked(data(violation("missing", "column id is missing", column="id")), CONTRACT)]))
    said = cases(root)
    assert said["id: present"] == ("failure", "column id is missing")
    skipped = ("skipped", "a column that it needs is missing")
    assert {name for name, found in said.items() if found == skipped} == {
        "id: type",
        "id: required",
        "id: unique",
        "primary_key",
    }


def test_what_cannot_be_read_is_an_error() -> None:
    broken = data(outcome=Outcome.FAILED, rows=None, error="data/raw.csv:2: 2 fields where the header has 3")
    root = read(junit([Checked(broken), Checked(data(), CONTRACT)]))
    assert cases(ET.fromstring(ET.tostring(root[0])))["readable"] == ("error", broken.error)
    assert (root.get("errors"), root.get("failures")) == ("1", "0")


def test_no_data_sets_are_a_report_too() -> None:
    assert len(read(junit([]))) == 0
    assert markdown([]) == "No data sets.\n"
    assert remarks([]) == ()


def test_a_rule_that_the_contract_does_not_name_is_a_case_as_well() -> None:
    root = read(junit([Checked(data(violation("more", "and 7 more rules are broken", count=0)), CONTRACT)]))
    assert cases(root)["more"] == ("failure", "and 7 more rules are broken")


def test_the_rules_of_a_contract_are_told_in_its_order() -> None:
    small = parse_contract(
        {"schema": 1, "columns": {"b": {"type": "string"}, "a": {"type": "date"}}}, "c.yaml"
    )
    assert rules(small) == (("b", "missing"), ("b", "type"), ("a", "missing"), ("a", "type"), (None, "rows"))


def test_remarks_stand_at_the_lines_of_the_contract() -> None:
    found = data(
        violation("maximum", "too large", column="size", line=7),
        violation("max_length", "too long", column="note", severity="warn", line=8),
    )
    unread = data(outcome=Outcome.FAILED, error="empty", path="b.csv")
    bare = data(violation("rows", "no rows", line=1), contract=None)
    assert remarks([found, unread, bare], "sub/") == (
        Remark("error", "data/raw.csv: too large", "sub/schemas/raw.yaml", 7),
        Remark("warning", "data/raw.csv: too long", "sub/schemas/raw.yaml", 8),
        Remark("error", "b.csv: empty"),
        Remark("error", "data/raw.csv: no rows"),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_xml(text: str) -> None:
    found = data(
        violation(text, text, column=text, examples=(text, text)),
        path=f"data/{text}",
        error=None,
    )
    root = read(
        junit([Checked(found, CONTRACT), Checked(data(path=text, error=text, outcome=Outcome.FAILED))])
    )
    (failure,) = root.iter("failure")
    cleaned = re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    assert failure.get("message") == cleaned
    assert failure.text == f"{cleaned}\n    {cleaned}\n    {cleaned}"
    assert root[1].get("name") == cleaned


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_at_all_gives_xml_that_can_be_written_and_read(text: str) -> None:
    found = data(violation("rule", text, column=text, examples=(text,)), path=text or "x")
    content = junit([Checked(found, CONTRACT)]).encode()
    read(content.decode())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_markdown(text: str) -> None:
    found = data(violation("rule", text, column=text, examples=(text,)), path=f"data/{text}", contract=text)
    page = markdown([found, data(path=text, error=text, outcome=Outcome.FAILED)])
    prose = re.sub(rf"{SPAN}|<code>.*?</code>", "", page)
    for markup in ("<script", "<!--", "](", "@octo", " #1", "</details>", "\x1b", "\0", "\u202e"):
        assert markup not in prose
    # Nothing makes a row or a cell more: every line of a table has the cells of its header.
    for block in page.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", re.sub(SPAN, "", row))) for row in rows}) <= 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_annotations(text: str) -> None:
    found = data(violation("rule", text, line=3), path=text, contract=text)
    (remark,) = remarks([found])
    line = annotate(Annotation(remark.level, remark.text, file=remark.file, line=remark.line))
    assert line.startswith("::error title=mltools,file=")
    assert not set("\r\n") & set(line)
    head, _, said = line.removeprefix("::error ").partition("::")
    assert re.fullmatch(r"title=mltools,file=[^:,\r\n]*,line=3", head)
    assert said.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") == f"{text}: {text}"
