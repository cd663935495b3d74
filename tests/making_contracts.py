"""Contracts out of thin air, for tests that turn them into other tools' schemas and compare verdicts."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from mltools.core.contract import Contract, parse_contract

TYPES = ("integer", "number", "string", "category", "boolean", "date", "datetime")
WORDS = ("B", "M", "AB-1", "a b", "it's", 'say "hi"', "no", "007", "ü☃", "2026-01-31", "-")
PATTERNS = (
    "[A-Z]+",
    r"\d{3}",
    "a|b",
    r"[A-Z]{2}-\d+",
    "(?i)yes|no",
    ".*",
    r"\w+",
    r"\p{L}+",
    "[[:alpha:]]+",
    r"a\$",
)
DAYS = ("1900-01-01", "1999-12-31", "2024-02-29", "2026-01-31")
MOMENTS = ("2000-01-01T00:00:00Z", "2024-02-29T12:30:00Z", "2026-01-31T23:59:59Z")

NUMBERS = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda value: round(value, 3))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5),
    "number": NUMBERS,
    "string": st.sampled_from(WORDS),
    "category": st.sampled_from(WORDS),
    "boolean": st.booleans(),
    "date": st.sampled_from(DAYS),
    "datetime": st.sampled_from(MOMENTS),
}
CONSTANTS: dict[str, Callable[[Any], str]] = {
    "integer": str,
    "number": repr,
    "string": lambda value: "'{}'".format(value.replace("'", "''")),
    "date": lambda value: f"DATE '{value}'",
    "datetime": lambda value: f"TIMESTAMP '{value[:10]} {value[11:19]}'",
}


@st.composite
def columns(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """One column of a type, with some of the rules that the type may have."""
    tree: dict[str, Any] = {"type": kind}
    if draw(st.booleans()):
        tree["required"] = True
    elif draw(st.booleans()):
        tree["max_null_fraction"] = draw(st.sampled_from([0.0, 0.25]))
    if kind in {"integer", "number", "date", "datetime"}:
        low, high = sorted(draw(st.tuples(VALUES[kind], VALUES[kind])))
        tree |= draw(
            st.sampled_from([{}, {"minimum": low}, {"maximum": high}, {"minimum": low, "maximum": high}])
        )
    if kind in {"string", "category"}:
        tree |= draw(
            st.sampled_from([{}, {"min_length": 1}, {"max_length": 3}, {"min_length": 2, "max_length": 4}])
        )
        if draw(st.booleans()):
            tree["pattern"] = draw(st.sampled_from(PATTERNS))
    if draw(st.booleans()):
        tree["enum"] = draw(st.lists(VALUES[kind], min_size=1, max_size=4, unique=True))
    extras: dict[str, Any] = {
        "unique": True,
        "description": "what it: means",
        "role": "feature",
        "severity": "warn",
    }
    tree |= {key: value for key, value in extras.items() if draw(st.integers(0, 4)) == 0}
    return tree


@st.composite
def contracts(draw: st.DrawFn, names: tuple[str, ...] = ("a", "b c", "select", 'q"')) -> Contract:
    """A contract of up to four columns, with rules of the table and conditions on single columns."""
    kinds = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=len(names)))
    trees = {name: draw(columns(kind)) for name, kind in zip(names, kinds, strict=False)}
    tree: dict[str, Any] = {"schema": 1, "columns": trees}
    extras: dict[str, Any] = {
        "extra_columns": "forbid",
        "column_order": "strict",
        "primary_key": [names[0]],
        "rows": {"min": 0},
        "description": "what it is",
        "missing_values": ["", "NA"],
    }
    tree |= {key: value for key, value in extras.items() if draw(st.booleans())}
    tree["checks"] = []
    for index, (name, spec) in enumerate(trees.items()):
        constant = CONSTANTS.get(spec["type"])
        if constant is not None and draw(st.booleans()):
            # Of whole numbers `> 0` is `minimum: 1`, which is how it comes back.
            ordered = spec["type"] in {"number", "date", "datetime"}
            operator = draw(st.sampled_from([">", "<", "<>"] if ordered else ["<>"]))
            value = constant(draw(VALUES[spec["type"]]))
            title = '"{}"'.format(name.replace('"', '""'))
            severity = draw(st.sampled_from(["error", "warn"]))
            check = {
                "name": f"check {index}",
                "expression": f"{title} {operator} {value}",
                "severity": severity,
            }
            tree["checks"].append(check)
    return parse_contract(tree, "made.yaml")
