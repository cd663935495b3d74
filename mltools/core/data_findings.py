"""What each part of a `data` gate finds in the facts: a sentence, and the numbers behind it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltools.core.data_changes import ColumnChange, DataChange
from mltools.core.data_facts import DataFacts, Pairing
from mltools.core.names import shown, title
from mltools.core.records import DataSet
from mltools.core.verdict import Outcome

NAMED = 3
NO_BASE = "no base yet"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part found."""

    outcome: Outcome
    text: str
    evidence: dict[str, Any] = field(default_factory=dict)


def of_each(sets: Sequence[DataSet], path: str | None, judge: Callable[[DataSet], Finding]) -> Finding:
    """One finding over the data sets; none are left where the change took the data set `path` away."""
    if not sets:
        what = "no data set is" if path is None else f"{_file(path)} is no longer"
        return Finding(Outcome.UNDECIDED, f"{what} listed in mltools.yaml")
    return _joined([judge(item) for item in sets])


def against_base(
    data: DataFacts, changes: Sequence[DataChange], judge: Callable[[DataChange], Finding]
) -> Finding:
    """One finding over what changed since the base."""
    if data.unreadable is not None:
        return Finding(Outcome.UNDECIDED, data.unreadable)
    if data.changes is None:
        return Finding(Outcome.SKIPPED, NO_BASE)
    return _joined([judge(change) for change in changes])


def contract_holds(item: DataSet) -> Finding:
    name = _file(item.path)
    if item.error is not None:
        return Finding(Outcome.UNDECIDED, _because(item.path, item.error))
    count = sum(violation.severity == "error" for violation in item.violations)
    if item.outcome is Outcome.FAILED:
        rules = f"{count} rule{'s' * (count != 1)}"
        return Finding(Outcome.FAILED, f"{name} breaks its contract: {rules}", {"broken_rules": count})
    return Finding(Outcome.PASSED, f"{name} holds its contract")


def contract_kept(change: DataChange) -> Finding:
    """Whether the contract takes all that the base's took."""
    name = _file(change.path)
    if change.contract is None:
        why = some(change.reasons)
        return Finding(Outcome.UNDECIDED, f"the contracts of {name} cannot be compared: {why}")
    evidence: dict[str, Any] = {"contract": change.contract}
    if change.contract == "breaking":
        text = f"the contract of {name} refuses what was good: {some(change.reasons)}"
        return Finding(Outcome.FAILED, text, evidence)
    same = "is unchanged" if change.contract == "same" else f"changed and is {change.contract}"
    return Finding(Outcome.PASSED, f"the contract of {name} {same}", evidence)


def alike(change: DataChange, limit: float, names: Sequence[str]) -> Finding:
    """Whether no column (of `names`, if there are any) is further from the base than `limit`."""
    name = _file(change.path)
    if change.kind == "added":
        return Finding(Outcome.SKIPPED, f"{name} is new")
    if change.kind == "removed":
        return Finding(Outcome.UNDECIDED, f"{name} is no longer listed in mltools.yaml")
    if change.kind == "same":
        return Finding(Outcome.PASSED, f"{name} is unchanged", {"psi": 0.0, "psi_limit": limit})
    if change.problem is not None:
        return Finding(Outcome.UNDECIDED, f"{name} cannot be compared: {change.problem}")
    columns = [column for column in change.columns if not names or column.name in names]
    unclear = {column.name: column.unclear for column in columns if column.psi is None}
    if not names:  # of what is not kept, as of ids, nobody expects an index
        unclear = {column.name: column.unclear for column in columns if column.too_few}
    unclear |= {name: "not on both sides" for name in names if name not in {one.name for one in columns}}
    return _drift(change, [column for column in columns if column.psi is not None], limit, unclear)


def _drift(
    change: DataChange, columns: Sequence[ColumnChange], limit: float, unclear: Mapping[str, str]
) -> Finding:
    """The verdict over columns with an index; `unclear` are those that should have one, with the reason."""
    name = _file(change.path)
    order = sorted(columns, key=_index, reverse=True)
    drifted = [column for column in order if column.drifted(limit)]
    worst = next(iter(drifted or order), None)
    evidence: dict[str, Any] = {"psi_limit": limit, "psi_data": change.path}
    if worst is not None:
        evidence |= {"psi": worst.psi, "psi_column": worst.name}
    if drifted:
        found = some([_index_text(column) for column in drifted])
        return Finding(Outcome.FAILED, f"{name} has drifted: {found}; allowed {limit:g}", evidence)
    if unclear:
        whose = some([f"{title(column)} ({why or 'unknown'})" for column, why in unclear.items()])
        return Finding(Outcome.UNDECIDED, f"{name}: there is no PSI of {whose}", evidence)
    if worst is None:
        return Finding(Outcome.UNDECIDED, f"{name}: there is no PSI of any column", evidence)
    return Finding(Outcome.PASSED, f"{name}: largest {_index_text(worst)}; allowed {limit:g}", evidence)


def enough_rows(item: DataSet, fewest: int) -> Finding:
    name = _file(item.path)
    if item.rows is None:
        return Finding(Outcome.UNDECIDED, _because(item.path, item.error or "its rows were not counted"))
    evidence = {"rows": item.rows, "min_rows": fewest}
    text = f"{name} has {item.rows:,} row{'s' * (item.rows != 1)}"
    if item.rows < fewest:
        return Finding(Outcome.FAILED, f"{text}, fewer than {fewest:,}", evidence)
    return Finding(Outcome.PASSED, text, evidence)


def few_repeats(item: DataSet, data: DataFacts, most: float) -> Finding:
    """Whether at most a share of the rows repeats an earlier one."""
    name = _file(item.path)
    found = data.repeats.get(item.path, "its rows were not counted")
    if isinstance(found, str):
        return Finding(Outcome.UNDECIDED, _because(item.path, found))
    evidence = {
        "repeated_rows": found.repeated,
        "repeated_share": found.share,
        "max_duplicate_rows": most,
    }
    if not found.repeated:
        return Finding(Outcome.PASSED, f"{name}: no row repeats another", evidence)
    verb = "repeats" if found.repeated == 1 else "repeat"
    text = f"{name}: {found.repeated:,} of {found.rows:,} rows {verb} an earlier one, a share of {found.share:.4g}"
    if found.share > most:
        return Finding(Outcome.FAILED, f"{text}; allowed {most:.4g}", evidence)
    return Finding(Outcome.PASSED, text, evidence)


def apart(data: DataFacts, pairing: Pairing) -> Finding:
    """Whether no id stands in both files."""
    train, test = _file(pairing.train), _file(pairing.test)
    found = data.overlaps.get(pairing, "their ids were not compared")
    if isinstance(found, str):
        named = any(found.startswith(f"{path}: ") for path in (pairing.train, pairing.test))
        return Finding(Outcome.UNDECIDED, found if named else f"{train} and {test}: {found}")
    evidence: dict[str, Any] = {"overlap": found.both}
    if not found.both:
        return Finding(Outcome.PASSED, f"no id stands in both {train} and {test}", evidence)
    known = f" ({', '.join(shown(example) for example in found.examples)})" if found.examples else ""
    ids = f"{found.both:,} of {found.test:,} ids in {test} {'stand' if found.both != 1 else 'stands'}"
    text = f"{ids} in {train}, too{known}"
    return Finding(Outcome.FAILED, text, {**evidence, "overlap_ids": list(found.examples)})


def whole(outcomes: Iterable[Outcome]) -> Outcome:
    """What parts come to together: the worst, but that what is skipped hinders nothing."""
    found = set(outcomes)
    order = (Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED, Outcome.SKIPPED)
    return next((outcome for outcome in order if outcome in found), Outcome.SKIPPED)


def some(texts: Sequence[str], between: str = ", ") -> str:
    """The first few texts, and how many more there are."""
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return between.join(texts[:NAMED]) + more


def _joined(findings: Sequence[Finding]) -> Finding:
    """Several data sets' findings as one, with the evidence of the first that decides it."""
    outcome = whole(finding.outcome for finding in findings)
    deciding = [finding for finding in findings if finding.outcome is outcome]
    evidence = deciding[0].evidence if deciding else {}
    return Finding(outcome, some([finding.text for finding in deciding], "; "), evidence)


def _because(path: str, reason: str) -> str:
    """The reason after the file that it is about; many begin with it."""
    return reason if reason.startswith(f"{path}:") else f"{_file(path)}: {reason}"


def _file(path: str) -> str:
    return shown(path, 200)


def _index(column: ColumnChange) -> float:
    return column.psi or 0.0


def _index_text(column: ColumnChange) -> str:
    chance = f" (chance alone gives up to {column.noise:.4g})" if column.noise >= _index(column) > 0 else ""
    return f"PSI {_index(column):.4g} of {title(column.name)}{chance}"
