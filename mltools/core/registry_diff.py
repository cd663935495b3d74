"""Two versions of a model side by side, by what their release records say."""

from collections.abc import Callable, Iterator
from typing import Any

from mltools.core import comparison_view
from mltools.core.comparison import Comparison, Snapshot, TrackedFile, compare
from mltools.core.contract import Column, Contract
from mltools.core.contract_changes import Change
from mltools.core.markdown import clean
from mltools.core.release_contracts import changes_of, contract_of
from mltools.core.release_record import ReleaseRecord
from mltools.core.stages import LockedFile
from mltools.errors import ConfigError

Paint = Callable[[str, str], str]
_COLOURS = {"breaking": "red", "additive": "green", "compatible": "bright_black"}


def compared(old: ReleaseRecord, new: ReleaseRecord) -> Comparison:
    """Metrics, params, data and the model's file of two versions."""
    return compare(_side(old), _side(new))


def contract_changes(old: ReleaseRecord, new: ReleaseRecord) -> tuple[Change, ...]:
    """What the model takes or answers otherwise than before."""
    return tuple(_contract_changes(old, new))


def diff_lines(comparison: Comparison, changes: tuple[Change, ...], paint: Paint) -> list[str]:
    """What differs, in tables; `paint` colours a word."""
    lines = [comparison_view.as_text(comparison, paint)]
    if changes:
        lines += ["", "contract"]
        lines += [
            f"  {paint(change.kind, _COLOURS[change.kind])}  {clean(change.text)}" for change in changes
        ]
    return lines


def diff_tree(
    model: str, versions: tuple[str, str], comparison: Comparison, changes: tuple[Change, ...]
) -> dict[str, Any]:
    """All of it, what is the same included, as `mltools model diff --json` prints it."""
    tree = comparison_view.as_json(comparison)
    return {
        "schema": tree.pop("schema"),
        "model": model,
        "from": versions[0],
        "to": versions[1],
        **tree,
        "contract": [{"kind": change.kind, "text": change.text} for change in changes],
    }


def _side(record: ReleaseRecord) -> Snapshot:
    """A version as the comparison of revisions knows one."""
    data = {one.path: TrackedFile(LockedFile(one.path, one.md5), "input") for one in record.data}
    file = record.file
    model = TrackedFile(LockedFile(file.path, file.md5, file.size), "output")
    return Snapshot(
        f"{record.model}@{record.version}",
        record.commit,
        {"": record.metrics},
        {"": record.params},
        files={**data, file.path: model},
    )


def _contract_changes(old: ReleaseRecord, new: ReleaseRecord) -> Iterator[Change]:
    before, after = _contracts(old), _contracts(new)
    others: dict[str, Column] = {
        name: column
        for contract in after.values()
        if isinstance(contract, Contract)
        for name, column in contract.columns.items()
    }
    for path in dict.fromkeys([*before, *after]):
        was, now = before.get(path), after.get(path)
        if isinstance(was, str) or isinstance(now, str):
            yield Change(f"{path}: cannot be compared: {was if isinstance(was, str) else now}", "compatible")
        elif was is None:
            yield Change(f"{path}: the data set is new", "additive")
        else:
            for change in changes_of(was, now, others):
                yield Change(f"{path}: {change.text}", change.kind)


def _contracts(record: ReleaseRecord) -> dict[str, Contract | str]:
    """The contracts of a version by data set; a text where the record holds none that can be read, or not all of it."""
    found: dict[str, Contract | str] = {}
    for terms in record.contracts:
        try:
            found[terms.data] = (
                f"{terms.more} of its columns did not fit the record" if terms.more else contract_of(terms)
            )
        except ConfigError as error:
            found[terms.data] = error.message.splitlines()[0]
    return found
