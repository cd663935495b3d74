"""Scoring a file by a released model: which contract its rows are held to, which rules a row breaks, what comes out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mltools.core.columns import Column
from mltools.core.contract import Contract, RowCheck, Rows, condition, parse_contract
from mltools.core.expressions import used
from mltools.core.names import title
from mltools.core.records import Violation
from mltools.core.release_contracts import contract_of
from mltools.core.release_record import ReleaseRecord
from mltools.core.release_terms import DataContract
from mltools.core.validation import FRESHNESS, OF_ROWS, Check
from mltools.errors import UsageError

OnBad = Literal["refuse", "skip", "flag"]
PREDICTION, PROBLEM, ROW = "prediction", "problem", "row"
PROBABILITY = "probability_"
# Rules of a whole data set say nothing about the single row that a model is given.
_OF_ALL = frozenset({"unique", "primary_key", "max_null_fraction", FRESHNESS})
# What is wrong with the file and not with a row of it.
OF_THE_FILE = frozenset({"missing", "extra_columns"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a file to be scored must be.

    `contract` names each column that is looked at, `unruled` those that only the model knows; `known` columns may be
    there and are not looked at; `carried` ones are written beside the prediction.
    """

    contract: Contract
    features: tuple[str, ...]
    unruled: tuple[str, ...]
    known: frozenset[str]
    carried: tuple[str, ...]


def terms_of(
    record: ReleaseRecord, features: Sequence[str], header: Sequence[str], ids: Sequence[str]
) -> Terms:
    """The terms for a file with these columns; `ids` are to be carried through, by default those of role id.

    Raises ConfigError for a record that was made up.
    """
    taken, there = set(features), set(header)
    columns: dict[str, Column] = {}
    checks: dict[str, RowCheck] = {}
    forbids, known = False, set()
    for part in record.contracts:
        whole = contract_of(part)
        kept = _kept(part, whole, taken, there, columns)
        columns |= kept
        checks |= {
            check.name: check
            for check in whole.checks
            if check.name not in checks and set(used(condition(whole, check))) <= kept.keys()
        }
        forbids |= bool(part.input) and whole.extra_columns == "forbid"
        known |= set(whole.columns)
    carried = tuple(ids) or tuple(
        name for name in header if name in columns and columns[name].role == "id" and name not in taken
    )
    unruled = tuple(name for name in dict.fromkeys((*features, *carried)) if name not in columns)
    contract = _blank().model_copy(
        update={
            "columns": columns,
            "checks": tuple(checks.values()),
            "extra_columns": "forbid" if forbids else "allow",
            "missing_values": missing_of(record),
        }
    )
    return Terms(contract, tuple(features), unruled, frozenset(known | set(carried) | taken), carried)


def completed(terms: Terms, types: Mapping[str, str]) -> Contract:
    """The contract with the features that no rule stands for, as the types that the file has them in."""
    more = {
        name: Column.model_construct(type=types.get(name, "number"))
        for name in terms.features
        if name in terms.unruled
    }
    return terms.contract.model_copy(update={"columns": {**terms.contract.columns, **more}})


def carrying(contract: Contract, terms: Terms) -> Contract:
    """The contract with the columns that are carried through, to which it may have nothing to say."""
    more = {
        name: Column.model_construct(type="string") for name in terms.carried if name not in contract.columns
    }
    return contract.model_copy(update={"columns": {**contract.columns, **more}})


def hard(contract: Contract, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks that a row must hold to be scored: errors, and a type that the model could not take."""
    severities = {OF_ROWS + check.name: check.severity for check in contract.checks}

    def counts(check: Check) -> bool:
        if check.rule in _OF_ALL:
            return False
        if check.column is None:
            return severities.get(check.rule) == "error"
        return check.rule == "type" or contract.columns[check.column].severity == "error"

    return tuple(check for check in checks if counts(check))


def told(check: Check) -> str:
    """How the column `problem` names a broken rule: `radius: maximum`."""
    return check.rule if check.column is None else f"{title(check.column)}: {check.rule}"


def refusing(violations: Iterable[Violation], features: Iterable[str]) -> tuple[Violation, ...]:
    """The violations for which no row of the file can be scored."""
    taken = set(features)
    return tuple(
        item
        for item in violations
        if item.rule in OF_THE_FILE and (item.severity == "error" or item.column in taken)
    )


def broken_rows(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The violations by which single rows are bad; the others only warn."""
    return tuple(
        item
        for item in violations
        if item.rule not in OF_THE_FILE and (item.severity == "error" or item.rule == "type")
    )


def layout(
    carried: Mapping[str, str], prediction: str, classes: Sequence[Any], *, on_bad: OnBad
) -> dict[str, str]:
    """The columns of the output with their SQL types; `classes` are those whose probabilities are asked for.

    Raises UsageError when two columns would have one name.
    """
    columns = list(carried.items()) or [(ROW, "BIGINT")]
    columns.append((PREDICTION, prediction))
    columns += [(f"{PROBABILITY}{label}", "DOUBLE") for label in classes]
    columns += [(PROBLEM, "VARCHAR")] if on_bad == "flag" else []
    names = [name.lower() for name, _ in columns]
    double = next((name for (name, _) in columns if names.count(name.lower()) > 1), None)
    if double is not None:
        raise UsageError(
            f"two columns of the output would be called {title(double)}",
            hint="carry another column with --id, or rename it in the input",
        )
    return dict(columns)


def prediction_type(classes: Sequence[Any] | None) -> str:
    """The SQL type of what a model answers; `classes` is None of one that answers numbers."""
    if classes is None:
        return "DOUBLE"
    kinds = {type(label) for label in classes}
    return (
        {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE"}.get(kinds.pop(), "VARCHAR")
        if len(kinds) == 1
        else "VARCHAR"
    )


def _kept(
    part: DataContract, whole: Contract, taken: set[str], there: set[str], before: Mapping[str, Column]
) -> dict[str, Column]:
    """The columns of a contract that count for a file, without rules over all rows."""
    answers = {column.get("name") for column in part.output}
    return {
        name: column.model_copy(
            update={"unique": False, "max_null_fraction": None}
            | ({} if name in taken else {"required": False})
        )
        for name, column in whole.columns.items()
        if name not in before and name not in answers and (name in taken or name in there)
    }


def missing_of(record: ReleaseRecord) -> tuple[str, ...]:
    """The texts that mean "no value"."""
    return next((contract_of(part).missing_values for part in record.contracts if part.input), ("",))


def _blank() -> Contract:
    """A contract without a rule: any number of rows, none of them in particular."""
    return parse_contract({"schema": 1, "columns": {"any": {"type": "string"}}}, "a contract").model_copy(
        update={"columns": {}, "rows": Rows(min=0)}
    )
