"""A contract in the making, out of another tool's schema: its tree, the places of its parts, what was lost."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mltools.core.columns import KINDS, ColumnType, Severity, Value
from mltools.core.exchange.conditions import Simple, row_check, written
from mltools.core.exchange.values import Imported, Loss, Path, Tree, dotted
from mltools.core.strict import LineOf
from mltools.errors import ConfigError

NO_WORD = "a contract has no word for it"
_BREAKS_ROWS = re.compile(r"[,\t\"\r\n]")


class Draft:
    """Collects; `done` gives the value. Every method takes the place in the document that the part comes from."""

    def __init__(self, name: str, line_of: LineOf) -> None:
        self._name = name
        self._line_of = line_of
        self._problems: list[str] = []
        self._columns: dict[str, Tree] = {}
        self._table: Tree = {}
        self._checks: list[Tree] = []
        self._losses: list[Loss] = []
        self._places: dict[Path, Path] = {}

    def lose(self, place: Path, reason: str = NO_WORD) -> None:
        self._losses.append(Loss(place, reason))

    def refuse(self, place: Path, reason: str) -> None:
        """Something that cannot be right in the document itself."""
        self._problems.append(f"{self._name}:{self._line_of(place)}: {dotted(place)}: {reason}")

    def table(self, key: str, value: Any, place: Path) -> None:
        self._table[key] = value
        self._places[(key,)] = place

    def column(self, name: str, kind: ColumnType, place: Path) -> None:
        self._columns[name] = {"type": kind}
        self._places["columns", name] = place

    def kind(self, name: str) -> ColumnType:
        kind: ColumnType = self._columns[name]["type"]
        return kind

    def has(self, name: str, key: str | None = None) -> bool:
        """Whether there is the column, or its rule."""
        return name in self._columns and (key is None or key in self._columns[name])

    def rule(self, name: str, key: str, value: Any, place: Path) -> None:
        """A rule of a column; the tree of a second one of the same key is for `condition`."""
        self._columns[name][key] = value
        self._places["columns", name, key] = place

    def condition(
        self,
        name: str,
        operator: str,
        values: Sequence[Any],
        place: Path,
        *,
        called: str,
        severity: Severity = "error",
        description: str | None = None,
    ) -> None:
        """A rule of a column that the contract says among its `checks`."""
        plain: tuple[Value, ...] = tuple(value for value in values if isinstance(value, int | float | str))
        expression = (
            written(Simple(name, operator, plain), KINDS[self.kind(name)])
            if len(plain) == len(values)
            else None
        )
        if expression is None:
            self.lose(place)
            return
        self._places["checks", len(self._checks)] = place
        taken = [check["name"] for check in self._checks]
        self._checks.append(row_check(called, expression, taken, severity=severity, description=description))

    def missing_values(self, texts: Sequence[Any], place: Path) -> None:
        """The texts that mean 'no value', without those that no field could hold."""
        kept = []
        for index, text in enumerate(texts):
            if isinstance(text, str) and len(text) <= 100 and not _BREAKS_ROWS.search(text):  # noqa: PLR2004 - the contract's own limit
                kept.append(text)
            else:
                self.lose((*place, index), "no field of a text file could be that")
        if not kept:
            self.lose(
                place,
                "a contract always has a text that means 'no value': the empty one, unless it says another",
            )
        elif kept != [""]:
            self.table("missing_values", list(dict.fromkeys(kept)), place)

    def done(self) -> Imported:
        """The contract's tree. Raises ConfigError with everything that was refused."""
        if self._problems:
            raise ConfigError("\n".join(self._problems), problems=self._problems)
        if not self._columns:
            problems = [
                f"{self._name}:{self._line_of(loss.path)}: {dotted(loss.path)}: {loss.reason}"
                for loss in self._losses
            ]
            message = f"{self._name}:1: none of its columns can be said in a contract"
            raise ConfigError("\n".join([message, *problems]), problems=[message, *problems])
        order = ("description", "column_order", "extra_columns", "primary_key", "missing_values")
        tree: Tree = {"schema": 1, **{key: self._table[key] for key in order if key in self._table}}
        tree["columns"] = self._columns
        if self._checks:
            tree["checks"] = self._checks
        return Imported(tree, tuple(self._losses), dict(self._places))


def distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order in which they come; True and 1 are two."""
    found: list[Any] = []
    for value in values:
        if not any(value == other and type(value) is type(other) for other in found):
            found.append(value)
    return found
