"""The predictions of two models set side by side: row for row where both have judged the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mltools.core.stats.chances import Chances, chances
from mltools.core.stats.columns import clean, coded, kind, missing, rows
from mltools.core.stats.values import Array, Ints, Undecided

Column = Array | Sequence[Any]

# Rows that both sides share must be at least this part of each side; fewer would judge by a remnant of the test set.
SHARED = 0.5


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model said of its test rows, as read from a file.

    `label` is the predicted class; `score` the probability of the positive class, or the predicted number; `scores` the
    probabilities of several classes, by their names. At least one of the three is given. `group` names what rows belong together (a patient, a day), for the clustered bootstrap.
    """

    ids: Column
    target: Column
    label: Column | None = None
    score: Column | None = None
    group: Column | None = None
    scores: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One model's clean columns; `group` holds numbers that stand for the groups."""

    target: Array
    label: Array | None = None
    score: Array | None = None
    group: Array | None = None
    chances: Chances | None = None

    @property
    def rows(self) -> int:
        return len(self.target)

    def take(self, order: Ints) -> "Side":
        """The rows at these places, in this order."""
        label, score, group = (
            None if column is None else column[order] for column in (self.label, self.score, self.group)
        )
        chances = None if self.chances is None else self.chances.take(order)
        return Side(self.target[order], label, score, group, chances)


@dataclass(frozen=True, slots=True)
class Paired:
    """Both models on the rows that both have, ordered by id, so that the order of the files does not matter.

    `base.target` and `base.group` are head's: where the truth of a row was corrected (`changed_targets` counts), both
    models are held against the corrected one.
    """

    base: Side
    head: Side
    only_base: int = 0
    only_head: int = 0
    changed_targets: int = 0

    @property
    def rows(self) -> int:
        return self.head.rows


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Two models on two test sets; `reason` says why the rows are not paired."""

    base: Side
    head: Side
    reason: str


def join(base: Predictions, head: Predictions) -> Paired | Unpaired | Undecided:
    """Pair rows by id.

    Undecided where the columns cannot be trusted: an id twice or missing, another type on each side, a missing or
    infinite value, columns that differ in length. Unpaired where the two share less than half of either's rows.
    """
    sides: list[Side] = []
    places: list[dict[Any, int]] = []
    for name, given in (("base", base), ("head", head)):
        side = _side(name, given)
        if isinstance(side, Undecided):
            return side
        index = _index(name, given.ids)
        if isinstance(index, Undecided):
            return index
        if len(index) != side.rows:
            return Undecided(f"{name} has {len(index):,} ids for {rows(side.rows)}")
        sides.append(side)
        places.append(index)
    return _differing_types(sides, places) or _joined(sides[0], sides[1], places[0], places[1])


def _side(name: str, given: Predictions) -> Side | Undecided:
    if given.label is None and given.score is None and not given.scores:
        return Undecided(f"{name} has neither a predicted class nor a score")
    columns: dict[str, Array] = {}
    for what in ("target", "label", "score", "group"):
        values = getattr(given, what)
        if values is None:
            continue
        found = (coded if what == "group" else clean)(values, f"{what} of {name}")
        if isinstance(found, Undecided):
            return found
        columns[what] = found
    side = Side(columns["target"], columns.get("label"), columns.get("score"), columns.get("group"))
    if not side.rows:
        return Undecided(f"{name} has no rows")
    lengths = {what: len(values) for what, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{what} {count:,}" for what, count in lengths.items())
        return Undecided(f"the columns of {name} differ in length: {told}")
    return _with_chances(name, given, side)


def _with_chances(name: str, given: Predictions, side: Side) -> Side | Undecided:
    if not given.scores:
        return side
    lengths = {len(column) for column in given.scores.values()}
    if lengths != {side.rows}:
        return Undecided(f"the columns of probabilities of {name} differ in length from its targets")
    found = chances(given.scores, name)
    return found if isinstance(found, Undecided) else replace(side, chances=found)


def _index(name: str, ids: Column) -> dict[Any, int] | Undecided:
    """Where each id stands."""
    absent = int(np.count_nonzero(missing(ids)))
    if absent:
        return Undecided(f"the id is missing in {rows(absent)} of {name}")
    values = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    kinds = {type(value).__name__ for value in values}
    if len(kinds) > 1:
        return Undecided(f"the ids of {name} mix types: {', '.join(sorted(kinds))}")
    index = {value: place for place, value in enumerate(values)}
    if len(index) < len(values):
        twice = next(value for place, value in enumerate(values) if index[value] != place)
        return Undecided(f"{name} has an id more than once: {str(twice)[:50]!r}")
    return index


def _differing_types(sides: Sequence[Side], places: Sequence[Mapping[Any, int]]) -> Undecided | None:
    """The first column that holds numbers on one side and text on the other."""
    first, second = (type(next(iter(index))).__name__ for index in places)
    if first != second:
        return Undecided(f"the ids are {first} in base and {second} in head, so no row can be found again")
    base, head = sides
    for what in ("target", "label", "score"):
        old, new = getattr(base, what), getattr(head, what)
        if old is None or new is None:
            continue
        if kind(old) != kind(new):
            return Undecided(f"the {what} holds {kind(old)} in base and {kind(new)} in head")
    return None


def _joined(
    base: Side, head: Side, base_places: Mapping[Any, int], head_places: Mapping[Any, int]
) -> Paired | Unpaired:
    common = sorted(base_places.keys() & head_places.keys())
    if len(common) < SHARED * max(base.rows, head.rows):
        reason = (
            "the test sets have no row in common"
            if not common
            else f"the test sets share {len(common):,} of {base.rows:,} rows (base) and {head.rows:,} (head)"
        )
        return Unpaired(_ordered(base, base_places), _ordered(head, head_places), reason)
    old = base.take(_at(base_places, common))
    new = head.take(_at(head_places, common))
    changed = int(np.count_nonzero(old.target != new.target))
    return Paired(
        base=replace(old, target=new.target, group=new.group if new.group is not None else old.group),
        head=replace(new, group=new.group if new.group is not None else old.group),
        only_base=base.rows - len(common),
        only_head=head.rows - len(common),
        changed_targets=changed,
    )


def _ordered(side: Side, places: Mapping[Any, int]) -> Side:
    return side.take(_at(places, sorted(places)))


def _at(places: Mapping[Any, int], ids: Sequence[Any]) -> Ints:
    return np.fromiter((places[one] for one in ids), dtype=np.int64, count=len(ids))
