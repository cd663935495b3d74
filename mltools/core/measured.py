"""The profile of a column out of what was measured of it. No value that identifies a person may get into a profile.

An identifier and a sensitive column keep counts alone. Text keeps values only where the contract calls it a category or
lists it, or where many rows have each of its few values; else lengths. Numbers and moments keep bounds and bins.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import sqrt
from typing import Any

from mltools.core import bins
from mltools.core.bins import Number
from mltools.core.contract import Column
from mltools.core.measuring import LENGTHS, SHORT, Answer, Ask, Lengths, Look, Scale, Subject, most_labels
from mltools.core.profile import NAMED, QUANTILES, ColumnProfile, Histogram, Spread

# A value that fewer rows have is named only of a category with few values, or where the contract lists it.
RARE = 10

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all moments are in UTC
FIRST_DAY = date(1970, 1, 1).toordinal()
MICROSECONDS = 1_000_000


def profiled(subject: Subject, rows: int, look: Look, ask: Ask, answer: Answer) -> ColumnProfile:
    """The profile of a column of a data set with so many rows."""
    return ColumnProfile(
        name=subject.name,
        type=subject.column.type,
        role=subject.column.role,
        count=look.count,
        nulls=rows - look.present,
        invalid=look.present - look.count,
        **_kept(subject, look, ask, answer),
    )


def _kept(subject: Subject, look: Look, ask: Ask, answer: Answer) -> dict[str, Any]:
    match subject.how:
        case "hidden":
            return {}
        case "truth":
            pairs = sorted(((True, look.true), (False, look.count - look.true)), key=lambda pair: -pair[1])
            found = tuple((value, count) for value, count in pairs if count)
            return {"distinct": len(found), "categories": found, "other": 0}
        case "text":
            counts, exact = _counts(look, ask, answer)
            labelled = (
                _labelled(subject.column, counts, look) if len(counts) <= most_labels(subject.column) else {}
            )
            lengths = _lengths(look.lengths, look.count) if look.lengths else None
            return {"distinct": _distinct(look, counts, exact=exact), **labelled, "lengths": lengths}
        case "number" if look.count:
            counts, exact = _counts(look, ask, answer)
            spread = _numbers(look, ask, answer, counts if exact else None, subject.column.type)
            return {"distinct": _distinct(look, counts, exact=exact), **dict(spread)}
    return {"distinct": _distinct(look, {}, exact=not look.count)}


def _counts(look: Look, ask: Ask, answer: Answer) -> tuple[Mapping[Any, int], bool]:
    """Values with their rows, and whether there are no others."""
    if look.whole:
        return look.sample, True
    found = {value: count for value, count in zip(ask.values, answer.values, strict=True) if count}
    return found, bool(found) and sum(found.values()) == look.count


def _distinct(look: Look, counts: Mapping[Any, int], *, exact: bool) -> int:
    """How many values differ: an estimate to three digits where they were not counted."""
    return len(counts) if exact else min(look.count, int(float(f"{look.distinct:.3g}")))


def _labelled(column: Column, counts: Mapping[str, int], look: Look) -> dict[str, Any]:
    """The values that may be named, the most frequent first."""
    few = column.type == "category" and max(len(counts), look.distinct) <= NAMED
    listed = {str(value) for value in column.enum or ()}
    named = [
        (value, rows)
        for value, rows in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if value in listed or rows >= RARE or few
    ][:NAMED]
    if not named:
        return {}
    return {"categories": tuple(named), "other": look.count - sum(rows for _, rows in named)}


def _lengths(lengths: Lengths, count: int) -> Spread:
    counted = {end: rows for end, rows in zip(LENGTHS, lengths.counts, strict=True) if rows}
    mean = Fraction(lengths.total, count)
    spread = sqrt(Fraction(lengths.squares, count) - mean**2)
    found = (
        bins.histogram(counted)
        if lengths.maximum < SHORT
        else bins.merged(counted, lengths.minimum, lengths.maximum)
    )
    return _spread(found, *bins.rounded(float(mean), spread), "integer")


def _numbers(look: Look, ask: Ask, answer: Answer, counts: Mapping[Number, int] | None, type_: str) -> Spread:
    if counts is not None:
        return _spread(bins.histogram(counts), *bins.moments(counts), type_)
    counted = Histogram(low=look.minimum, edges=ask.edges, counts=answer.bins)
    scale = Scale.of(look.minimum, look.maximum)
    return _spread(counted, *scale.moments(look.count, answer.total, answer.squares), type_)


def _spread(counted: Histogram, mean: float, std: float, type_: str) -> Spread:
    """The spread of values in the units in which they were counted: numbers, days, microseconds."""
    quantiles: dict[str, Any] = {
        f"{q:g}": bins.quantile(counted, q, whole=type_ in {"integer", "date"}) for q in QUANTILES
    }
    low, high = counted.low, counted.edges[-1]
    if type_ not in {"date", "datetime"}:
        return Spread(minimum=low, maximum=high, mean=mean, std=std, quantiles=quantiles, histogram=counted)
    return Spread(
        minimum=_moment(low, type_),
        maximum=_moment(high, type_),
        quantiles={q: _moment(value, type_) for q, value in quantiles.items()},
        histogram=counted if type_ == "date" else _in_seconds(counted),
    )


def _moment(value: Number, type_: str) -> str:
    if type_ == "date":
        return date.fromordinal(FIRST_DAY + int(value)).isoformat()
    return (EPOCH + timedelta(microseconds=int(value))).isoformat() + "Z"


def _in_seconds(counted: Histogram) -> Histogram:
    """The histogram with edges in seconds. Far from today, edges may be the same second: their bins are one."""
    ends: list[Number] = []
    counts: list[int] = []
    raw: Number | None = None
    for edge, count in zip(counted.edges, counted.counts, strict=True):
        end = _seconds(edge)
        if ends and ends[-1] == end and edge != raw:
            counts[-1] += count
        else:
            ends.append(end)
            counts.append(count)
        raw = edge
    return counted.model_copy(
        update={"low": _seconds(counted.low), "edges": tuple(ends), "counts": tuple(counts)}
    )


def _seconds(microseconds: Number) -> Number:
    whole, rest = divmod(int(microseconds), MICROSECONDS)
    return whole if not rest else microseconds / MICROSECONDS
