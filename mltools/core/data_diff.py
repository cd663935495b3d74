"""A data set on two sides, by its profiles and contracts alone: what changed in its columns, and in what it may hold."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mltools.core.contract import Contract
from mltools.core.contract_changes import KINDS, Change, compare_contracts, worst
from mltools.core.data_changes import (
    LONGEST_VALUE,
    MOST_REASONS,
    MOST_VALUES,
    ColumnChange,
    DataChange,
    Level,
)
from mltools.core.data_sides import Held, kind_of, side_by_side
from mltools.core.drift import psi
from mltools.core.profile import ColumnProfile, Profile

LONGEST_NAME = 500
LONGEST_REASON = 1_000
# Beyond six digits an index is rounding, which may differ between machines.
DIGITS = 6

NO_LONGER_LISTED = "the data set is no longer listed, so nothing checks it"
NEW = "the data set is new"
LAYOUT = "only its comments or its layout changed"


@dataclass(frozen=True, slots=True)
class Side:
    """A data set with what could be read of it; a text in the place of contract or profile says why that is missing."""

    held: Held
    contract: Contract | str
    profile: Profile | str


def compare(base: Side | None, head: Side | None) -> DataChange:
    """How a data set differs from the base's; one of the sides may not have it. Raises ValueError without any."""
    side = head or base
    if side is None:
        raise ValueError("a data set is compared that neither side has")
    level, reasons = _contract(base, head)
    columns, problem = _contents(base, head)
    told = side_by_side(base.held if base else None, head.held if head else None)
    return told.model_copy(
        update={
            "contract": level,
            "reasons": tuple(reason[:LONGEST_REASON] for reason in reasons)[:MOST_REASONS],
            "columns": columns,
            "problem": problem,
        }
    )


def _contract(base: Side | None, head: Side | None) -> tuple[Level | None, tuple[str, ...]]:
    if base is None:
        return "additive", (NEW,)
    if head is None:
        return "breaking", (NO_LONGER_LISTED,)
    if base.held.contract_md5 is not None and base.held.contract_md5 == head.held.contract_md5:
        return "same", ()
    if isinstance(base.contract, str) or isinstance(head.contract, str):
        sides = (("the base", base.contract), ("now", head.contract))
        return None, tuple(f"{name}: {told}" for name, told in sides if isinstance(told, str))
    changes = compare_contracts(base.contract, head.contract)
    if not changes:
        return "compatible", (LAYOUT,)
    return worst(changes), tuple(change.text for change in _worst_first(changes))


def _worst_first(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: -KINDS.index(change.kind))


def _contents(base: Side | None, head: Side | None) -> tuple[tuple[ColumnChange, ...], str | None]:
    """The columns of both sides, or why they cannot be compared."""
    if base is None or head is None or kind_of(base.held, head.held) == "same":
        return (), None
    for name, side in (("the base", base), ("now", head)):
        if isinstance(side.profile, str):
            return (), f"{name}: {side.profile}"
    assert isinstance(base.profile, Profile)  # noqa: S101 - the loop above has returned
    assert isinstance(head.profile, Profile)  # noqa: S101 - as above
    return tuple(_columns(base.profile, head.profile)), None


def _columns(base: Profile, head: Profile) -> Iterator[ColumnChange]:
    before = {column.name: column for column in base.columns}
    after = {column.name: column for column in head.columns}
    for name in dict.fromkeys([*after, *before]):
        yield _column(name[:LONGEST_NAME], before.get(name), after.get(name))


def _column(name: str, old: ColumnProfile | None, new: ColumnProfile | None) -> ColumnChange:
    change = ColumnChange(
        name=name,
        kind="added" if old is None else "removed",
        type=new.type if new else None,
        base_type=old.type if old else None,
        nulls=_share(new),
        base_nulls=_share(old),
    )
    if old is None or new is None:
        return change
    added, gone = _beside(new, old), _beside(old, new)
    drift = psi(old, new)
    return change.model_copy(
        update={
            "kind": "kept" if old.type == new.type else "retyped",
            "new": added[:MOST_VALUES],
            "new_count": len(added),
            "gone": gone[:MOST_VALUES],
            "gone_count": len(gone),
            "psi": None if drift.value is None else max(0.0, round(drift.value, DIGITS)),
            "noise": round(drift.noise, DIGITS),
            "band": drift.band,
            "unclear": drift.reason[:LONGEST_NAME],
        }
    )


def _share(column: ColumnProfile | None) -> float | None:
    if column is None:
        return None
    return round(column.nulls / column.rows, DIGITS) if column.rows else 0.0


def _beside(one: ColumnProfile, other: ColumnProfile) -> tuple[str, ...]:
    """Categories that only `one` has; none where `other` has some that its profile does not name."""
    if one.categories is None or other.categories is None or other.other:
        return ()
    known = {value for value, _ in other.categories}
    return tuple(_text(value) for value, _ in one.categories if value not in known)


def _text(value: bool | str) -> str:  # noqa: FBT001 - a category
    return (str(value).lower() if isinstance(value, bool) else value)[:LONGEST_VALUE]
