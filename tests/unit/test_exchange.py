"""Contracts in the words of other tools and back: round trips, losses with their places, input that is wrong."""

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from mltools.core.contract import Column, Contract, Rows, condition, parse_contract
from mltools.core.exchange import EXPORTS, IMPORTS, Source, Target
from mltools.core.exchange.regexes import for_python, for_search, found_in, from_python, literally
from mltools.core.exchange.values import Imported, Loss, Path, dotted, grouped
from mltools.edges import documents
from mltools.errors import ConfigError
from tests.making_contracts import contracts

FEW = settings(max_examples=60, deadline=None)


def contract(columns: dict[str, Any], **table: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": columns, **table}, "c.yaml")


def taken_in(source: Source, tree: Any) -> tuple[Contract, Imported]:
    made = IMPORTS[source](tree, "in.yaml", lambda path: 7)  # noqa: ARG005
    return parse_contract(made.tree, "in.yaml", lambda path: 7), made  # noqa: ARG005


def lost(losses: tuple[Loss, ...]) -> list[str]:
    return [dotted(loss.path) for loss in losses]


def as_file(tree: Any) -> Any:
    """As the other tool's file is read here."""
    return documents.read_yaml(documents.write_yaml(tree).encode(), "x.yaml")


def sayable(made: Contract, losses: tuple[Loss, ...], *, unchecked_as_text: bool) -> Contract:
    """The contract without what was said to be lost, in the one way that it can come back."""
    gone = {loss.path for loss in losses}
    kept = {
        name: _sayable(made, name, gone)
        for name in made.columns
        if unchecked_as_text or ("columns", name, "severity") not in gone
    }
    whole = set(made.primary_key) <= kept.keys()
    changes: dict[str, Any] = {
        "columns": kept,
        "rows": Rows(),
        "checks": tuple(check for index, check in enumerate(made.checks) if ("checks", index) not in gone),
        "primary_key": made.primary_key if whole else (),
    }
    if len(kept) < len(made.columns):
        changes["extra_columns"] = "allow"
    if ("column_order",) in gone:
        changes["column_order"] = "any"
    if ("missing_values",) in gone:
        changes["missing_values"] = ("",)
    return made.model_copy(update=changes)


def _sayable(made: Contract, name: str, gone: set[Path]) -> Column:
    column = made.columns[name]
    if ("columns", name, "severity") in gone:
        return Column(type="string", description=column.description)
    keys = ("role", "pattern", "max_null_fraction")
    changes: dict[str, Any] = {key: None for key in keys if ("columns", name, key) in gone}
    if ("columns", name, "type") in gone:
        changes["type"] = "string"
    if column.max_null_fraction == 0 or name in made.primary_key:
        changes |= {"required": True, "max_null_fraction": None}
    return column.model_copy(update=changes)


def rules(made: Contract) -> dict[str, dict[str, Any]]:
    """What the columns say; that an integer is one of 64 bits its type says already, and a bound there says no more."""
    found = {name: column.model_dump(exclude_defaults=True) for name, column in made.columns.items()}
    for column in found.values():
        for word, most in (("minimum", -(1 << 63)), ("maximum", (1 << 63) - 1)):
            if column["type"] == "integer" and column.get(word) == most:
                del column[word]
    return found


def same(one: Contract, other: Contract) -> None:
    assert rules(one) == rules(other)
    assert {(check.severity, condition(one, check)) for check in one.checks} == {
        (check.severity, condition(other, check)) for check in other.checks
    }
    for key in ("description", "extra_columns", "column_order", "primary_key", "missing_values"):
        assert getattr(one, key) == getattr(other, key), key


def checked(made: Contract) -> bool:
    """Whether anything of it is left when columns that only warn are taken away."""
    return any(column.severity == "error" for column in made.columns.values())


@FEW
@given(contracts().filter(checked))
def test_a_contract_comes_back_from_pandera_but_for_what_was_said_to_be_lost(made: Contract) -> None:
    out = EXPORTS["pandera"](made)
    back, _ = taken_in("pandera", as_file(out.tree))
    same(sayable(made, out.losses, unchecked_as_text=False), back)
    assert {check.name for check in back.checks} <= {check.name for check in made.checks}


@FEW
@given(contracts().filter(checked))
def test_a_contract_comes_back_from_frictionless_but_for_what_was_said_to_be_lost(made: Contract) -> None:
    out = EXPORTS["frictionless"](made)
    back, _ = taken_in("frictionless", as_file(out.tree))
    same(sayable(made, out.losses, unchecked_as_text=True), back)


PANDERA = """\
schema_type: dataframe
version: 0.35.0
columns:
  id: {dtype: int64, nullable: false, unique: true, greater_than: 0, coerce: true}
  dose:
    title: a dose
    dtype: float64
    nullable: true
    in_range: {min_value: 0, max_value: 5, include_min: false, include_max: true}
    not_equal_to: 3.5
  code: {dtype: str, str_matches: '^[A-Z]+$', str_length: {min_value: null, max_value: null, exact_value: 4}}
  part: {dtype: 'string[pyarrow]', nullable: true, str_contains: 'x.y', notin: [a, b]}
  head: {dtype: object, nullable: true, str_startswith: 'a.b'}
  tail: {dtype: str, nullable: true, str_endswith: ')'}
  kind: {dtype: category, isin: [1, 2, 2, null], report_duplicates: all}
  yes: {dtype: bool, nullable: true, required: false, isin: [true]}
  day: {dtype: date, nullable: true, greater_than_or_equal_to: 2000-01-01}
  seen: {dtype: 'datetime64[ns, Europe/Berlin]', nullable: true, less_than: '2026-01-01 12:00:00'}
  size: {dtype: uint8, nullable: true, less_than_or_equal_to: {max_value: 100, raise_warning: true, error: too large}}
strict: true
ordered: true
coerce: false
unique: [id, code]
index:
- {dtype: int64, unique: true}
"""


def test_what_pandera_says_is_said_in_the_contracts_words() -> None:
    made, found = taken_in("pandera", documents.read_yaml(PANDERA.encode(), "p.yaml"))
    assert documents.write_yaml(found.tree).splitlines() == [
        "schema: 1",
        "column_order: strict",
        "extra_columns: forbid",
        "primary_key:",
        "- id",
        "- code",
        "columns:",
        "  id:",
        "    type: integer",
        "    required: true",
        "    unique: true",
        "    minimum: 1",
        "  dose:",
        "    type: number",
        "    description: a dose",
        "    maximum: 5",
        "  code:",
        "    type: string",
        "    required: true",
        "    pattern: '[A-Z]+'",
        "    min_length: 4",
        "    max_length: 4",
        "  part:",
        "    type: string",
        "    pattern: (?:(?s:.*)(?:x.y))(?s:.*)",
        "  head:",
        "    type: string",
        r"    pattern: a\.b(?s:.*)",
        "  tail:",
        "    type: string",
        r"    pattern: (?s:.*)\)",
        "  kind:",
        "    type: category",
        "    required: true",
        "    enum:",
        "    - '1'",
        "    - '2'",
        "  'yes':",
        "    type: boolean",
        "    enum:",
        "    - true",
        "  day:",
        "    type: date",
        "    minimum: '2000-01-01'",
        "  seen:",
        "    type: datetime",
        "  size:",
        "    type: integer",
        "    minimum: 0",
        "checks:",
        "- name: dose in_range",
        "  expression: dose > 0",
        "- name: dose not_equal_to",
        "  expression: dose <> 3.5",
        "- name: part notin",
        "  expression: part NOT IN ('a', 'b')",
        "- name: seen less_than",
        "  expression: seen < TIMESTAMP '2026-01-01 12:00:00'",
        "- name: size less_than_or_equal_to",
        "  expression: size <= 100",
        "  severity: warn",
        "  description: too large",
    ]
    assert lost(found.losses) == [
        "columns.id.coerce",
        "columns.head.dtype",
        "columns.yes.required",
        "columns.seen.dtype",
        "columns.size.dtype",
        "index",
    ]
    assert made.columns["dose"].maximum == 5


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"dtype": "timedelta64[ns]"}, "columns.x.dtype: a contract has no such type; the column is left out"),
        ({"dtype": "int64", "regex": True}, "columns.x.regex: stands for all columns of such names; write each of them"),
        ({"nullable": True}, "columns.x: has no dtype, and a contract's column has a type"),
        ({"isin": [1, 2]}, "columns.x: has no dtype; taken for a number by its checks"),
        ({"dtype": "int64", "checks": None}, "columns.x.checks: pandera's file has left out a check, a function of one's own"),
        ({"dtype": "int64", "my_own": 3}, "columns.x.my_own: is nothing that pandera comes with"),
        ({"dtype": "int64", "default": 3}, "columns.x.default: a contract has no word for it"),
        ({"dtype": "int64", "unique_values_eq": [1]}, "columns.x.unique_values_eq: a contract has no rule such as unique_values_eq"),
        ({"dtype": "int64", "str_matches": "a"}, "columns.x.str_matches: is for text, and the column is of type integer"),
        ({"dtype": "str", "str_matches": "(?=a)"}, "columns.x.str_matches: the engine of contracts (RE2) has no such pattern"),
        ({"dtype": "str", "str_matches": "a", "str_contains": "b"}, "columns.x.str_contains: a column has one pattern"),
        (
            {"dtype": "str", "str_matches": {"pattern": "a", "raise_warning": True}},
            "columns.x.str_matches: a rule about text warns only with its whole column (`severity: warn`)",
        ),
        (
            {"dtype": "int64", "ge": {"min_value": 1, "groupby": "y"}},
            "columns.x.ge: a condition looks at one row, not at groups",
        ),
        (
            {"dtype": "int64", "ge": {"min_value": 1, "ignore_na": False}},
            "columns.x.ge: a row without a value breaks no rule but `required`",
        ),
        ({"dtype": "int64", "ge": {"min_value": 1, "error": "no"}}, "columns.x.ge.error: the rule has a sentence of its own"),
        ({"dtype": "int64", "title": "t", "description": "d"}, "columns.x.title: a column has one description"),
    ],
)  # fmt: skip
def test_what_of_a_pandera_column_a_contract_cannot_say_is_named(column: dict[str, Any], said: str) -> None:
    tree = {"columns": {"other": {"dtype": "int64"}, "x": column}}
    losses = IMPORTS["pandera"](tree, "p.yaml", lambda path: 1).losses  # noqa: ARG005
    assert [f"{dotted(loss.path)}: {loss.reason}" for loss in losses] == [said]


def test_columns_left_out_are_not_forbidden_then() -> None:
    tree = {
        "columns": {"a": {"dtype": "int64"}, "b": {"dtype": "complex128"}},
        "strict": True,
        "unique": ["b"],
    }
    made, found = taken_in("pandera", tree)
    assert made.extra_columns == "allow"
    assert lost(found.losses) == ["columns.b.dtype", "strict", "unique"]


@pytest.mark.parametrize(
    "checks",
    [
        {"greater_than_or_equal_to": 3, "isin": {"allowed_values": [3, 4]}},
        [
            {"min_value": 3, "options": {"check_name": "greater_than_or_equal_to", "raise_warning": False}},
            {"value": [3, 4], "options": {"check_name": "isin"}},
        ],
    ],
    ids=["by name, as old versions write", "as a list"],
)
def test_checks_are_read_however_pandera_writes_them(checks: Any) -> None:
    made, found = taken_in("pandera", {"columns": {"x": {"dtype": "int64", "checks": checks}}})
    assert rules(made) == {"x": {"type": "integer", "required": True, "minimum": 3, "enum": (3, 4)}}
    assert found.losses == ()


def test_a_second_rule_of_a_kind_becomes_a_condition() -> None:
    made, _ = taken_in(
        "pandera",
        {"columns": {"x": {"dtype": "float64", "ge": 1, "in_range": {"min_value": 2, "max_value": 3}}}},
    )
    assert made.columns["x"].minimum == 1
    assert made.columns["x"].maximum == 3
    assert [check.expression for check in made.checks] == ["x >= 2"]


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (None, "p.yaml:1: is no pandera schema: it names no columns"),
        ([], "p.yaml:1: is no pandera schema: it names no columns"),
        ({"columns": {}}, "p.yaml:1: is no pandera schema: it names no columns"),
        ({"columns": {"a": None}, "schema_type": "series"}, "p.yaml:7: only a schema of a dataframe says what a table holds"),
        ({"columns": {"a": 3}}, "p.yaml:7: columns.a: is no mapping of a column's properties"),
        ({"columns": {"a": {"dtype": "int64", "nullable": "maybe"}}}, "p.yaml:7: columns.a.nullable: 'maybe' is neither true nor false"),
        ({"columns": {"a": {"dtype": "int64", "ge": None}}}, "p.yaml:7: columns.a.ge: says no value to compare with"),
        ({"columns": {"a": {"dtype": "int64", "ge": {}}}}, "p.yaml:7: columns.a.ge: says no value to compare with"),
        ({"columns": {"a": {"dtype": "int64", "ge": [1]}}}, "p.yaml:7: columns.a.ge: says no value to compare with"),
        ({"columns": {"a": {"dtype": "int64", "isin": 3}}}, "p.yaml:7: columns.a.isin: is no list of values"),
        ({"columns": {"a": {"dtype": "str", "str_matches": 3}}}, "p.yaml:7: columns.a.str_matches: says no text"),
        ({"columns": {"a": {"dtype": "int64"}}, "unique": [1]}, "p.yaml:7: unique: is no list of columns"),
    ],
)  # fmt: skip
def test_a_pandera_file_that_cannot_be_right_is_refused_with_its_line(tree: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        IMPORTS["pandera"](tree, "p.yaml", lambda path: 7)  # noqa: ARG005
    assert refused.value.message == said


def test_a_file_of_which_nothing_is_left_is_refused_with_the_reasons() -> None:
    with pytest.raises(ConfigError) as refused:
        taken_in("pandera", {"columns": {"a": {"dtype": "list"}, 3: {"dtype": "int64"}}})
    assert refused.value.problems == (
        "in.yaml:1: none of its columns can be said in a contract",
        "in.yaml:7: columns.a.dtype: a contract has no such type; the column is left out",
        "in.yaml:7: columns[3]: 3 is no text, as a column's name in a file is",
    )


ANY_VALUE: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        float("nan"),
        float("inf"),
        "",
        "a",
        "(",
        "int64",
        "str",
        "2026-01-31",
        "exact",
        [],
        {},
        ["a"],
    ]
)
ANY_KEYS: dict[Source, str] = {
    "pandera": "columns dtype nullable unique checks isin ge str_matches in_range str_length min_value options "
    "check_name strict ordered regex description required a b",
    "frictionless": "fields name type constraints minimum enum pattern required primaryKey missingValues fieldsMatch "
    "categories exclusiveMinimum trueValues resources schema",
}


def trees(source: Source) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(ANY_KEYS[source].split())
    inner = st.recursive(
        ANY_VALUE,
        lambda parts: st.lists(parts, max_size=3) | st.dictionaries(keys, parts, max_size=4),
        max_leaves=12,
    )
    top = "columns" if source == "pandera" else "fields"
    return inner | st.fixed_dictionaries({top: st.dictionaries(keys, inner) | st.lists(inner, min_size=1)})


@settings(max_examples=150, deadline=None)
@given(data=st.data(), source=st.sampled_from(sorted(ANY_KEYS)))
def test_whatever_a_file_holds_it_is_taken_over_or_refused_with_words(
    data: st.DataObject, source: Source
) -> None:
    tree = data.draw(trees(source))
    with suppress(ConfigError):
        taken_in(source, tree)


FRICTIONLESS: dict[str, Any] = {
    "title": "patients",
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True, "unique": True, "minimum": "1"}},
        {"name": "dose", "type": "number", "constraints": {"exclusiveMinimum": 0, "maximum": 2.5}},
        {"name": "code", "constraints": {"pattern": "(?:a|b)", "minLength": 1, "maxLength": 3}, "example": "a"},
        {"name": "kind", "type": "string", "categories": [{"value": "B", "label": "benign"}, {"value": "M"}]},
        {"name": "alive", "type": "boolean", "trueValues": ["yes"], "constraints": {"enum": [True]}},
        {"name": "day", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "2000-01-01"}},
        {"name": "seen", "type": "datetime", "title": "when"},
        {"name": "year", "type": "year"},
        {"name": "month", "type": "yearmonth"},
        {"name": "where", "type": "geopoint"},
        {"name": "price", "type": "number", "bareNumber": False, "decimalChar": ","},
    ],
    "primaryKey": "id",
    "missingValues": ["", "NA", "a,b"],
    "foreignKeys": [{"fields": "id", "reference": {"resource": "x", "fields": "id"}}],
}  # fmt: skip


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tree: tree,
        lambda tree: {"schema": tree},
        lambda tree: {"resources": [{"name": "r", "schema": tree}]},
    ],
)
def test_what_frictionless_says_is_said_in_the_contracts_words(wrap: Any) -> None:
    made, found = taken_in("frictionless", wrap(FRICTIONLESS))
    assert rules(made) == {
        "id": {"type": "integer", "required": True, "unique": True, "minimum": 1},
        "dose": {"type": "number", "maximum": 2.5},
        "code": {"type": "string", "pattern": "a|b", "min_length": 1, "max_length": 3},
        "kind": {"type": "category", "enum": ("B", "M")},
        "alive": {"type": "boolean", "enum": (True,)},
        "day": {"type": "date", "minimum": "2000-01-01"},
        "seen": {"type": "datetime", "description": "when"},
        "year": {"type": "integer", "minimum": 0, "maximum": 9999},
        "month": {"type": "string", "pattern": "[0-9]{4}-(0[1-9]|1[0-2])"},
        "where": {"type": "string"},
        "price": {"type": "number"},
    }
    assert [check.expression for check in made.checks] == ["dose > 0"]
    assert (made.description, made.primary_key, made.missing_values) == ("patients", ("id",), ("", "NA"))
    # Without `fieldsMatch` the fields are exactly the columns, in their order.
    assert (made.extra_columns, made.column_order) == ("forbid", "strict")
    said = [place.rpartition("schema.")[2] for place in lost(found.losses)]
    assert said == [
        "fields[2].example",
        "fields[4].trueValues",
        "fields[5].format",
        "fields[9].type",
        "fields[10].bareNumber",
        "fields[10].decimalChar",
        "missingValues[2]",
        "foreignKeys",
    ]


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ([], "f.json:1: is no Table Schema: it holds no keys and values"),
        ({}, "f.json:7: is no Table Schema: it has no list of `fields`"),
        ({"fields": {}}, "f.json:7: is no Table Schema: it has no list of `fields`"),
        ({"resources": []}, "f.json: a package with 0 schemas (none), and a contract is of one table"),
        (
            {"resources": [{"name": "a", "schema": {}}, {"name": "b", "schema": {}}]},
            "f.json: a package with 2 schemas (a, b), and a contract is of one table",
        ),
        ({"fields": [3]}, "f.json:7: fields[0]: is no field with a name"),
        ({"fields": [{"name": "a"}, {"name": "a"}]}, "f.json:7: fields[1]: 'a' stands twice"),
        ({"fields": [{"name": "a", "type": "int"}]}, "f.json:7: fields[0].type: 'int' is no type of Table Schema"),
        ({"fields": [{"name": "a", "type": ["string"]}]}, "f.json:7: fields[0].type: ['string'] is no type of Table Schema"),
        ({"fields": [{"name": "a", "constraints": []}], "fieldsMatch": "all"},
         "f.json:7: fieldsMatch: 'all' is not one of exact, equal, subset, superset, partial"),
        ({"fields": [{"name": "a", "constraints": ["x"]}]}, "f.json:7: fields[0].constraints: is no mapping"),
        ({"fields": [{"name": "a", "constraints": {"required": "yes"}}]},
         "f.json:7: fields[0].constraints.required: 'yes' is neither true nor false"),
        ({"fields": [{"name": "a"}], "primaryKey": 3}, "f.json:7: primaryKey: is no list of fields"),
        ({"fields": [{"name": "a"}], "missingValues": ""}, "f.json:7: missingValues: is no list of texts"),
    ],
)  # fmt: skip
def test_a_frictionless_file_that_cannot_be_right_is_refused_with_its_line(tree: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        IMPORTS["frictionless"](tree, "f.json", lambda path: 7)  # noqa: ARG005
    assert refused.value.message == said


@pytest.mark.parametrize(
    ("match", "extra", "order", "places"),
    [
        ("exact", "forbid", "strict", []),
        ("equal", "forbid", "any", []),
        ("subset", "allow", "any", []),
        ("superset", "forbid", "any", ["fieldsMatch"]),
        ("partial", "allow", "any", ["fieldsMatch"]),
    ],
)
def test_which_columns_may_be_there_is_taken_over(
    match: str, extra: str, order: str, places: list[str]
) -> None:
    made, found = taken_in("frictionless", {"fields": [{"name": "a"}], "fieldsMatch": match})
    assert (made.extra_columns, made.column_order, lost(found.losses)) == (extra, order, places)


def test_rules_that_contradict_each_other_are_told_where_they_came_from() -> None:
    tree = {"fields": [{"name": "a", "type": "integer", "constraints": {"minimum": 5, "maximum": 3}}]}
    found = IMPORTS["frictionless"](tree, "f.json", lambda path: 1)  # noqa: ARG005
    assert found.origin(("columns", "a", "maximum")) == ("fields", 0, "constraints", "maximum")
    assert found.origin(("columns", "a", "enum", 3)) == ("fields", 0)
    assert found.origin(("rows", "min")) == ()


ROW = contract(
    {
        "id": {"type": "integer", "required": True, "minimum": 1},
        "dose": {"type": "number", "maximum": 2.5},
        "kind": {"type": "category", "enum": ["B", "M"], "required": True},
        "side": {"type": "category", "enum": ["left", "right"]},
        "code": {"type": "string", "pattern": "a|b", "min_length": 1, "max_length": 3},
        "alive": {"type": "boolean"},
        "day": {"type": "date", "minimum": "2000-01-01"},
        "note": {"type": "string", "severity": "warn"},
    },
    extra_columns="forbid",
    checks=[
        {"name": "some", "expression": "dose > 0"},
        {"name": "none", "expression": "code <> 'b'"},
        {"name": "both", "expression": "dose < id"},
    ],
)
GOOD = {
    "id": 1,
    "dose": 2.5,
    "kind": "B",
    "side": None,
    "code": "a",
    "alive": None,
    "day": "2026-01-31",
    "note": 3,
}


def test_a_json_schema_of_a_row_accepts_what_the_contract_does() -> None:
    out = EXPORTS["jsonschema"](ROW)
    Draft202012Validator.check_schema(out.tree)
    validator = Draft202012Validator(out.tree, format_checker=FormatChecker())
    validator.validate(GOOD)
    validator.validate({key: value for key, value in GOOD.items() if key != "note"})
    assert lost(out.losses) == ["columns.note.severity", "columns.day.minimum", "checks[2]"]


@pytest.mark.parametrize(
    "fault",
    [
        {"id": None},
        {"id": 0},
        {"id": 2**63},
        {"id": "1"},
        {"dose": 2.6},
        {"dose": 0},
        {"kind": "X"},
        {"kind": None},
        {"side": "X"},
        {"code": "b"},
        {"code": "ab"},
        {"code": ""},
        {"alive": 1},
        {"day": "2026-02-30"},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_json_schema_of_a_row_refuses_what_the_contract_does(fault: dict[str, Any]) -> None:
    validator = Draft202012Validator(EXPORTS["jsonschema"](ROW).tree, format_checker=FormatChecker())
    assert not validator.is_valid({**GOOD, **fault})


@FEW
@given(contracts())
def test_every_contract_gives_a_json_schema_that_is_one(made: Contract) -> None:
    Draft202012Validator.check_schema(EXPORTS["jsonschema"](made).tree)


@pytest.mark.parametrize("target", ["frictionless", "jsonschema", "pandera"])
def test_all_that_another_tool_cannot_say_is_named(target: Target) -> None:
    made = contract(
        {
            "a": {"type": "integer", "max_null_fraction": 0.5, "role": "feature"},
            "b": {"type": "string", "pattern": "[[:alpha:]]+"},
            "c": {"type": "datetime"},
            "d": {"type": "integer", "severity": "warn"},
        },
        rows={"min": 3, "max": 9},
        freshness={"column": "c", "max_age": "7d"},
        checks=[{"name": "both", "expression": "a < d"}],
    )
    named = set(lost(EXPORTS[target](made).losses))
    assert named >= {
        "columns.a.max_null_fraction",
        "columns.a.role",
        "columns.b.pattern",
        "columns.d.severity",
    }
    assert named >= {"rows", "freshness", "checks[0]"}


def test_the_same_loss_is_told_once_with_how_many_more() -> None:
    losses = (Loss(("columns", "a", "role"), "r"), Loss(("rows",), "s"), Loss(("columns", "b", "role"), "r"))
    assert list(grouped(losses)) == [(losses[0], 1), (losses[1], 0)]


@pytest.mark.parametrize(
    ("pattern", "python"),
    [
        (r"\d+", r"(?a:\d+)\Z"),
        ("a|b", r"(?a:a|b)\Z"),
        ("(?i)yes", r"(?ai:yes)\Z"),
        (r"\p{L}+", None),
        ("[[:alpha:]]", None),
        (r"\Qa.b\E", None),
        (r"a\z", None),
        (r"a\\z", r"(?a:a\\z)\Z"),
        ("(?U)a+", None),
        ("(?<n>a)", None),
    ],
)
def test_a_pattern_for_python_means_what_re2_means(pattern: str, python: str | None) -> None:
    assert for_python(pattern) == python
    if python is not None:
        assert from_python(python) == pattern


@pytest.mark.parametrize(
    ("python", "pattern"),
    [
        ("^[A-Z]+$", "[A-Z]+"),
        ("[A-Z]+$", "[A-Z]+"),
        (r"^a\Z", "a"),
        (r"a\$", r"(?:a\$)(?s:.*)"),
        ("^a|b$", "(?:^a|b$)(?s:.*)"),
        ("[A-Z]", "(?:[A-Z])(?s:.*)"),
        ("(?i)a", "(?i)(?:a)(?s:.*)"),
        ("(?=a)", None),
        (r"(a)\1", None),
        (r"\u00e9", None),
        ("(?x)a b", None),
        ("(?#note)a", None),
    ],
)
def test_a_pattern_of_python_is_made_to_match_the_whole_value(python: str, pattern: str | None) -> None:
    assert from_python(python) == pattern


def test_patterns_are_found_inside_and_taken_literally() -> None:
    assert found_in("a.b") == "(?:(?s:.*)(?:a.b))(?s:.*)"
    assert literally("a.b [c]") == r"a\.b \[c\]"
    assert for_search("a|b") == "^(?:a|b)$"
    assert for_search("(?i)a") is None


@pytest.mark.parametrize(
    "name", ["../x", "<script>", "a\nb", "q\"uo'te", "##[add-mask]x", "\x1b[31m", "null", "1", "__proto__"]
)
def test_hostile_names_stay_names(name: str) -> None:
    made = contract({name: {"type": "integer", "minimum": 1}}, primary_key=[name])
    for target in EXPORTS:
        assert name in _texts(yaml.safe_load(documents.write_yaml(EXPORTS[target](made).tree)))
    for source in IMPORTS:
        back, _ = taken_in(source, as_file(EXPORTS[source](made).tree))
        assert list(back.columns) == [name]


def _texts(tree: Any) -> set[Any]:
    """Every key and every value."""
    if isinstance(tree, dict):
        return {*tree, *(text for value in tree.values() for text in _texts(value))}
    return {text for value in tree for text in _texts(value)} if isinstance(tree, list) else {tree}
