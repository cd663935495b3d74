"""Contracts: every file below tests/data/contracts is a case; an invalid one says in comments what is said of its lines."""

import re
from pathlib import Path

import pytest

from mltools.core.contract import Contract, Freshness, parse_contract
from mltools.core.patterns import unsupported
from mltools.edges import documents
from mltools.errors import ConfigError

CASES = Path(__file__).parents[1] / "data/contracts"
VALID = sorted((CASES / "valid").glob("*.yaml"))
INVALID = sorted((CASES / "invalid").glob("*.yaml"))


def read(path: Path) -> Contract:
    content = path.read_bytes()
    tree = documents.read_yaml(content, path.name)
    return parse_contract(tree, path.name, documents.locator(content, path.name))


def test_there_are_cases() -> None:
    assert len(VALID) > 3
    assert len(INVALID) > 30


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_contract_is_read(path: Path) -> None:
    assert read(path).columns


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_contract_is_refused_with_line_and_reason(path: Path) -> None:
    expected = [
        f"{path.name}:{number}: {text}"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for text in re.split(r"\s*# expect: ", line)[1:]
    ]
    with pytest.raises(ConfigError) as caught:
        read(path)
    problems = caught.value.problems or (caught.value.message,)
    assert len(problems) == len(expected)
    for problem, text in zip(problems, expected, strict=True):
        assert problem.startswith(text)


def test_every_word_keeps_its_value() -> None:
    contract = read(CASES / "valid/every_word.yaml")
    assert contract.columns["id"].maximum == 2**63 - 1
    assert contract.columns["dose"].severity == "warn"
    assert contract.columns["dose"].max_null_fraction == 0.05
    assert contract.columns["alive"].enum == (True, False)
    assert contract.columns["born"].minimum == "1900-01-01"
    assert contract.primary_key == ("site", "id")
    assert contract.missing_values == ("", "NA", "NaN")
    assert (contract.rows.min, contract.rows.max) == (1, 1_000_000)
    assert contract.column_order == "strict"
    assert [(check.name, check.severity) for check in contract.checks] == [
        ("seen after birth", "warn"),
        ("weight", "error"),
    ]
    assert contract.freshness == Freshness(column="seen", max_age="36h", severity="warn")


def test_what_is_not_said_is_allowed() -> None:
    contract = parse_contract({"schema": 1, "columns": {"a": {"type": "string"}}}, "s.yaml")
    assert contract.extra_columns == "allow"
    assert contract.missing_values == ("",)
    assert not contract.columns["a"].required
    assert (contract.column_order, contract.checks, contract.freshness) == ("any", (), None)
    assert contract.columns["a"].severity == "error"


@pytest.mark.parametrize(
    "pattern", ["[(?=]", r"\(?=", "(?:a|b)+", "(?<n>a)", r"[\]*]+", "a{2,3}?", r"\\1", "[]+]+"]
)
def test_a_pattern_that_only_looks_like_look_around_is_left_to_the_engine(pattern: str) -> None:
    assert unsupported(pattern) is None
