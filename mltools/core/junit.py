"""What a validation found as a JUnit report, which the page of tests of most CI services reads.

Names and values out of data are anybody's text; XML has no way to hold some of it, and the rest stays text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from mltools.core.contract import Contract
from mltools.core.names import shown, title
from mltools.core.records import DataSet, Violation
from mltools.core.validation import plan
from mltools.core.validation_report import Checked

# All that XML 1.0 has no way to hold, not even as an entity, and the line ends that readers change.
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Rule = tuple[str | None, str]  # a column, or None for the whole table, and the contract's word
KEY: Rule = (None, "primary_key")


def rules(contract: Contract) -> tuple[Rule, ...]:
    """Every rule of the contract in its order: what each column must be, then what the table must."""
    of_column: dict[str | None, list[str]] = {name: ["missing"] for name in contract.columns}
    for check in plan(contract, contract.columns):
        of_column.setdefault(check.column, []).append(check.rule)
    of_table = of_column.pop(None, [])
    of_header = [
        rule
        for rule, wanted in (("extra_columns", "forbid"), ("column_order", "strict"))
        if getattr(contract, rule) == wanted
    ]
    in_columns = [(name, rule) for name, found in of_column.items() for rule in found]
    return (*in_columns, *((None, rule) for rule in (*of_header, *of_table, "rows")))


def junit(checked: Sequence[Checked]) -> str:
    """A JUnit report: a suite for each data set, a case for each rule of its contract.

    A broken rule of severity error fails. One that only warns is skipped, with its sentence, as a failure that was
    expected is in pytest's report. A file that cannot be read is an error. The form is that of Jenkins' `junit-10.xsd`.
    """
    suites = [_suite(item) for item in checked]
    root = ET.Element("testsuites", name="mltools data validate", time=_time(sum(c.seconds for c in checked)))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(checked: Checked) -> ET.Element:
    data = checked.data
    suite = ET.Element("testsuite", name=_xml(data.path), time=_time(checked.seconds))
    # All rules are counted in one pass over the file, so the time is that of reading it.
    read = _case(suite, data, "readable", checked.seconds)
    if data.error is not None:
        _say(read, "error", "unreadable", data.error)
    else:
        found = _by_rule(data)
        missing = {column for column, rule in found if rule == "missing"}
        for column, rule in dict.fromkeys([*_rules(checked.contract), *found]):
            case = _case(suite, data, _name(column, rule))
            if broken := found.get((column, rule)):
                _break(case, data, broken)
            elif column in missing or ((column, rule) == KEY and missing & _key(checked.contract)):
                _say(case, "skipped", "missing", "a column that it needs is missing")
    suite.set("tests", str(len(suite)))
    for kind, word in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(word, str(sum(case.find(kind) is not None for case in suite)))
    return suite


def _rules(contract: Contract | None) -> Iterator[Rule]:
    for column, rule in () if contract is None else rules(contract):
        yield None if column is None else _as_recorded(column), rule


def _key(contract: Contract | None) -> set[str | None]:
    return set() if contract is None else {_as_recorded(name) for name in contract.primary_key}


def _by_rule(data: DataSet) -> Mapping[Rule, Sequence[Violation]]:
    found: dict[Rule, list[Violation]] = {}
    for broken in data.violations:
        # There is one rule about extra columns, however many of them there are.
        column = None if broken.rule == "extra_columns" else broken.column
        found.setdefault((column, broken.rule), []).append(broken)
    return found


def _as_recorded(column: str) -> str:
    """A column as a violation names it."""
    return shown(column, 200)


def _name(column: str | None, rule: str) -> str:
    word = "present" if rule == "missing" else rule
    return word if column is None else f"{title(column)}: {word}"


def _case(suite: ET.Element, data: DataSet, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_xml(data.path), name=_xml(name), time=_time(seconds))


def _break(case: ET.Element, data: DataSet, broken: Sequence[Violation]) -> None:
    failed = any(item.severity == "error" for item in broken)
    message = "; ".join(item.message for item in broken)
    lines = [
        line
        for item in broken
        for line in (
            f"{data.contract}:{item.line}: {item.message}" if item.line else item.message,
            *(f"    {example}" for example in item.examples),
        )
    ]
    kind, prefix = ("failure", "") if failed else ("skipped", "warning: ")
    _say(case, kind, broken[0].rule, prefix + message, "\n".join(lines))


def _say(case: ET.Element, kind: str, rule: str, message: str, text: str = "") -> None:
    ET.SubElement(case, kind, type=_xml(rule), message=_xml(message)).text = _xml(text)


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _time(seconds: float) -> str:
    return f"{max(seconds, 0):.3f}"
