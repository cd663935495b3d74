"""Where a rule of a contract no longer holds for data that were observed, as far as counts and extremes can tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mltools.core.contract import RANGED, TEXTUAL, ordinal
from mltools.core.names import shown
from mltools.core.observed import Seen

LISTED = 3
SHORT = 40


@dataclass(frozen=True, slots=True)
class _Case:
    value: Any
    seen: Seen
    rows: int
    secret: bool

    def told(self, value: object) -> str:
        return (
            ""
            if self.secret
            else f" {shown(f'{value:.6g}' if isinstance(value, float) else str(value), SHORT)}"
        )


def disagreement(rule: str, value: Any, column: Mapping[str, Any], seen: Seen, rows: int) -> str | None:
    """What the data have instead, such as "data now reach 104"; None when they keep the rule. `column` are all rules."""
    if rule == "type":
        return None if _alike(value, seen.type) else f"data are now {seen.type}"
    if not _alike(column["type"], seen.type) or not seen.values:
        return None
    judge = _RULES.get(rule)
    return judge(_Case(value, seen, rows, column.get("role") == "sensitive")) if judge else None


def _alike(mine: str, found: str) -> bool:
    """Whether values of the type found are also of the other."""
    wider = {("number", "integer"), ("datetime", "date"), ("boolean", "integer")}
    return mine == found or {mine, found} <= TEXTUAL or (mine, found) in wider


def _minimum(case: _Case) -> str | None:
    low = case.seen.minimum
    if low is None or case.seen.type not in RANGED or ordinal(low) >= ordinal(case.value):
        return None
    return f"data now begin at{case.told(low)}" if not case.secret else "data now lie below"


def _maximum(case: _Case) -> str | None:
    high = case.seen.maximum
    if high is None or case.seen.type not in RANGED or ordinal(high) <= ordinal(case.value):
        return None
    return f"data now reach{case.told(high)}" if not case.secret else "data now lie above"


def _required(case: _Case) -> str | None:
    gaps = case.rows - case.seen.values
    return f"{gaps:,} of {case.rows:,} rows now have no value" if gaps else None


def _gaps(case: _Case) -> str | None:
    share = (case.rows - case.seen.values) / case.rows
    return f"a share of {share:.4g} now has no value" if share > case.value else None


def _enum(case: _Case) -> str | None:
    known = {str(value) for value in case.value}
    new = [value for value, _ in case.seen.top if str(value) not in known]
    if not new:
        return None
    listed = (
        "other values" if case.secret else ", ".join(repr(shown(str(value), SHORT)) for value in new[:LISTED])
    )
    more = f" and {len(new) - LISTED:,} more" if len(new) > LISTED and not case.secret else ""
    return f"data now also hold {listed}{more}"


def _unique(case: _Case) -> str | None:
    return "values now repeat" if case.seen.exact and case.seen.distinct < case.seen.values else None


def _shortest(case: _Case) -> str | None:
    length = case.seen.shortest
    return f"the shortest value now has {length:,}" if length is not None and length < case.value else None


def _longest(case: _Case) -> str | None:
    length = case.seen.longest
    return f"the longest value now has {length:,}" if length is not None and length > case.value else None


_RULES: Mapping[str, Callable[[_Case], str | None]] = {
    "minimum": _minimum,
    "maximum": _maximum,
    "required": _required,
    "max_null_fraction": _gaps,
    "enum": _enum,
    "unique": _unique,
    "min_length": _shortest,
    "max_length": _longest,
}
