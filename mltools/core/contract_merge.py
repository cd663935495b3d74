"""A contract inferred again, and the edits that a person made to it meanwhile: three-way, rule by rule.

`base` is what was inferred last time, `mine` the contract as it is now, `fresh` what the data say now. What `mine` has
as `base` had it follows the data. What differs from `base` is a person's: it stays, and what a person removed stays
away. Without a `base` everything in `mine` is a person's, and only new columns are added.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from mltools.core.contract import Column, Contract, parse_contract
from mltools.core.disagreement import disagreement
from mltools.core.inference import Inferred
from mltools.core.names import title
from mltools.core.observed import Observed, Seen
from mltools.errors import ConfigError

Path = tuple[str, ...]
# A column's words in the order in which they are written.
ORDER: tuple[str, ...] = (
    "type",
    "required",
    "max_null_fraction",
    "unique",
    "minimum",
    "maximum",
    "enum",
    "pattern",
)
ORDER += ("min_length", "max_length", "role", "description", "severity")


@dataclass(frozen=True, slots=True)
class Edit:
    """A rule, or with all its rules a column, that changes; None is its absence. A new column stands behind `after`, or first."""

    path: Path
    old: Any
    new: Any
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """The edits, the contract that comes of them, and what a person should know about what was kept."""

    contract: Contract
    edits: tuple[Edit, ...] = ()
    kept: tuple[str, ...] = ()


def rules(column: Column) -> dict[str, Any]:
    """The words that a column says, in the order in which they are written."""
    said = column.model_dump(exclude_defaults=True)
    known = [word for word in ORDER if word in said]
    ordered = [*known, *(word for word in said if word not in ORDER)]
    return {word: list(said[word]) if isinstance(said[word], tuple) else said[word] for word in ordered}


def merge(base: Contract | None, mine: Contract, inferred: Inferred, observed: Observed) -> Merge:
    """What becomes of `mine`."""
    seen = {column.name: column for column in observed.columns}
    return _Merging(base, mine, inferred.contract, observed, seen).result()


@dataclass(slots=True)
class _Merging:
    base: Contract | None
    mine: Contract
    fresh: Contract
    observed: Observed
    seen: Mapping[str, Seen] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def result(self) -> Merge:
        self._table()
        for name, column in self.mine.columns.items():
            if name in self.fresh.columns:
                self._column(name, rules(column), rules(self.fresh.columns[name]))
            else:
                self._gone(name, column)
        self._new()
        return Merge(self._contract(), tuple(self.edits), tuple(self.kept))

    def _table(self) -> None:
        """The number of rows, and the texts that mean "no value"."""
        mine, fresh, most = self.mine.rows.min, self.fresh.rows.min, self.mine.rows.max
        rows = self.observed.rows
        if self.base is not None and mine == self.base.rows.min and (most is None or (fresh or 0) <= most):
            self._edit(("rows", "min"), mine, fresh)
        elif mine is not None and rows < mine:
            self.kept.append(f"rows.min {mine:,} (data now have {rows:,})")
        if most is not None and rows > most:
            self.kept.append(f"rows.max {most:,} (data now have {rows:,})")
        gaps = self.mine.missing_values
        if self.base is not None and gaps == self.base.missing_values:
            self._edit(("missing_values",), list(gaps), list(self.fresh.missing_values))

    def _edit(self, path: Path, old: Any, new: Any) -> None:
        if old != new:
            self.edits.append(Edit(path, old, new))

    def _column(self, name: str, mine: Mapping[str, Any], fresh: Mapping[str, Any]) -> None:
        known = None if self.base is None else self.base.columns.get(name)
        base = fresh if known is None else rules(known)
        edits = [
            Edit(("columns", name, rule), mine.get(rule), fresh.get(rule))
            for rule in {**fresh, **mine}
            if mine.get(rule) == base.get(rule) != fresh.get(rule)
        ]
        changed = {edit.path[-1] for edit in edits}
        # Another type than the data's is a person's word on the whole column.
        if mine["type"] != fresh["type"] and "type" not in changed:
            edits = []
        new = _with(mine, edits)
        if edits and not _valid(new):  # such as a minimum above a person's maximum
            self.kept.append(
                f"{title(name)} as it is: with your rules, those of the data now would contradict"
            )
            edits, new = [], dict(mine)
        self.edits += edits
        self._tell(name, new, {edit.path[-1] for edit in edits})

    def _tell(self, name: str, new: Mapping[str, Any], changed: Iterable[str]) -> None:
        """Where a rule that stays does not hold for the data."""
        seen = self.seen.get(name)
        for rule, value in new.items():
            if seen is None or rule in changed:
                continue
            reason = disagreement(rule, value, new, seen, self.observed.rows)
            if reason:
                said = "" if isinstance(value, list) else f" {str(value).lower() if value is True else value}"
                self.kept.append(f"{title(name)}.{rule}{said} ({reason})")

    def _gone(self, name: str, column: Column) -> None:
        known = None if self.base is None else self.base.columns.get(name)
        left_out = dict(self.observed.left_out).get(name)
        if left_out is not None:
            self.kept.append(f"column {title(name)} ({left_out})")
        elif known == column and name not in self.mine.primary_key:
            self.edits.append(Edit(("columns", name), rules(column), None))
        else:
            self.kept.append(f"column {title(name)} (it is gone from the data)")

    def _new(self) -> None:
        before = None
        for name, column in self.fresh.columns.items():
            if name in self.mine.columns:
                before = name
            elif self.base is not None and name in self.base.columns:
                self.kept.append(f"no column {title(name)} (the data have it, you removed it)")
            else:
                self.edits.append(Edit(("columns", name), None, rules(column), before))
                before = name

    def _contract(self) -> Contract:
        """The contract with all edits, or with fewer when something else in it depends on what would change."""
        try:
            return self._edited()
        except ConfigError as error:
            reason = error.problems[0] if error.problems else error.message
            self.edits = [edit for edit in self.edits if edit.path[0] != "columns" or edit.old is None]
            self.kept.append(
                f"the rules of all columns (what was inferred now does not go with them: {reason})"
            )
            return self._edited()

    def _edited(self) -> Contract:
        tree = self.mine.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        tree["columns"] = {name: rules(column) for name, column in self.mine.columns.items()}
        for edit in self.edits:
            _apply(tree, edit)
        return parse_contract(tree, "merged")


def _with(column: Mapping[str, Any], edits: Iterable[Edit]) -> dict[str, Any]:
    changed = {**column, **{edit.path[-1]: edit.new for edit in edits}}
    return {rule: value for rule, value in changed.items() if value is not None}


def _valid(column: Mapping[str, Any]) -> bool:
    try:
        Column.model_validate(column)
    except ValidationError:
        return False
    return True


def _apply(tree: dict[str, Any], edit: Edit) -> None:
    node = tree
    for step in edit.path[:-1]:
        node = node.setdefault(step, {})
    if edit.new is None:
        node.pop(edit.path[-1], None)
    elif edit.old is None and edit.path[:-1] == ("columns",):
        # A dictionary knows no "behind": what follows is taken out and put back.
        names = list(node)
        place = names.index(edit.after) + 1 if edit.after is not None else 0
        behind = {name: node.pop(name) for name in names[place:]}
        node.update({edit.path[-1]: edit.new, **behind})
    else:
        node[edit.path[-1]] = edit.new
