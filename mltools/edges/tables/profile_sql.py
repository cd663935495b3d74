"""The queries of a profile: SQL text only. Each subject has its terms, and what they answer is read back here."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mltools.core.bins import Number, boundaries
from mltools.core.measuring import (
    LENGTHS,
    ROOM,
    SAMPLE,
    Answer,
    Ask,
    Lengths,
    Look,
    Scale,
    Subject,
    lists_itself,
)
from mltools.core.profile import LONGEST_NAMED, NAMED
from mltools.core.wording import TEXT
from mltools.edges.tables.cells import Slot, literal, raw, typed

# Beyond what a calendar of four digits holds lie "infinity" and other accidents.
NUMBERS: Mapping[str, str] = {
    "integer": "{v}",
    "number": "{v}",
    "date": "CASE WHEN {v} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' "
    "THEN date_diff('day', DATE '1970-01-01', {v}) END",
    "datetime": "CASE WHEN {v} BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' "
    "THEN epoch_us({v}) END",
}


# Once it is known that all texts have the type, a cast takes the same values out of them, and no form is looked at.
CAST: Mapping[str, str] = {
    "integer": "TRY_CAST({raw} AS BIGINT)",
    "number": "TRY_CAST({raw} AS DOUBLE)",
    "date": "TRY_CAST({raw} AS DATE)",
    "datetime": "CAST(TRY_CAST({raw} AS TIMESTAMPTZ) AS TIMESTAMP)",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A subject, and where it stands in the data."""

    subject: Subject
    slot: Slot

    @property
    def value(self) -> str:
        """The value as SQL, or NULL where there is none of the type: of dates and times the number."""
        return f"x{self.slot.index}" if self.subject.how == "number" else self.slot.value


@dataclass(frozen=True, slots=True)
class Asked:
    """What the second pass is asked about a subject."""

    place: Place
    look: Look
    ask: Ask


def look(scan: str, places: Sequence[Place], *, few: bool = False) -> str:
    """One row: the number of rows, the sample, then the terms of the first pass.

    The sample is the rows with the smallest hashes, so that it is the same each time; all of them where they are `few`.
    """
    sampled = f"row({', '.join(map(_sampled, filter(_is_sampled, places))) or 'NULL'})"
    sample = f"list({sampled})" if few else f"arg_min({sampled}, h, {SAMPLE})"
    terms = [term for place in places for term in _look(place)]
    return f"SELECT {', '.join(['count(*)', sample, *terms])} FROM ({_values(scan, places, hashed=not few)})"


def looks(places: Sequence[Place], sample: Sequence[Any] | None, answer: Sequence[Any]) -> Iterator[Look]:
    """The sample and the terms of the first pass, read back."""
    rest, samples = iter(answer), zip(*(sample or ()), strict=True)
    for place in places:
        present, count = next(rest), next(rest)
        counted: Counter[Any] = Counter()
        if _is_sampled(place):
            counted.update(_plain(value) for value in next(samples, ()) if value is not None)
        match place.subject.how:
            case "hidden":
                yield Look(present, count)
            case "identifier":
                yield Look(present, count, next(rest))
            case "truth":
                yield Look(present, count, true=next(rest) or 0)
            case "text":
                distinct, frequent, spans, *sums = (next(rest) for _ in range(7))
                yield Look(
                    present,
                    count,
                    distinct,
                    sample=counted,
                    frequent=tuple(frequent or ()),
                    lengths=Lengths(tuple(spans.get(end, 0) for end in LENGTHS), *sums) if count else None,
                )
            case "number":
                distinct, low, high = (next(rest) for _ in range(3))
                bounds = {"minimum": _plain(low), "maximum": _plain(high)} if count else {}
                yield Look(present, count, distinct, sample=counted, **bounds)


def answers(scan: str, asked: Sequence[Asked]) -> str:
    """One row: the terms of the second pass."""
    terms = [term for item in asked for term in _answer(item)]
    valid = {item.place for item in asked if item.look.present == item.look.count}
    return f"SELECT {', '.join(terms)} FROM ({_values(scan, [item.place for item in asked], valid=valid)})"


def answered(asked: Sequence[Asked], answer: Sequence[Any]) -> Iterator[Answer]:
    """The terms of the second pass, read back."""
    rest = iter(answer)
    for item in asked:
        found = Answer()
        if item.ask.values:
            counts = next(rest)
            found = Answer(tuple(counts.get(value, 0) for value in item.ask.values))
        if item.ask.edges:
            counts, total, squares = (next(rest) for _ in range(3))
            inside = tuple(counts.get(end, 0) for end in boundaries(item.ask.edges))
            found = replace(found, bins=inside, total=total, squares=squares)
        yield found


def _values(scan: str, places: Sequence[Place], *, hashed: bool = False, valid: Container[Place] = ()) -> str:
    """The rows with, for each subject, the raw value and the value; `h` is the hash of a row's raw values.

    Of the `valid` it is known that all values have the type.
    """
    slots = [place.slot for place in places]
    cells = [f"{raw(slot)} AS {slot.raw}" for slot in slots]
    cells += [
        f"TRY_CAST(c{slot.index} AS DOUBLE) AS {slot.double}"
        for slot in slots
        if slot.column.type == "number"
    ]
    rows = f"SELECT {', '.join(cells)} FROM {scan}"
    typed_ = [f"{_typed(place, sure=place in valid)} AS {place.slot.value}" for place in places]
    rows = f"SELECT *, {', '.join(typed_)} FROM ({rows})"
    terms = [
        "*",
        *(f"{_number(place)} AS {place.value}" for place in places if place.subject.how == "number"),
    ]
    if hashed:
        terms.append(f"hash({', '.join(slot.raw for slot in slots)}) AS h")
    return f"SELECT {', '.join(terms)} FROM ({rows})"


def _typed(place: Place, *, sure: bool) -> str:
    slot = place.slot
    if sure and slot.kept_as == TEXT and slot.column.type in CAST:
        return CAST[slot.column.type].replace("{raw}", slot.raw)
    return typed(slot)


def _number(place: Place) -> str:
    return NUMBERS[place.subject.column.type].replace("{v}", place.slot.value)


def _is_sampled(place: Place) -> bool:
    return place.subject.how in {"text", "number"}


def _sampled(place: Place) -> str:
    """The value, but for text that is too long to be named."""
    if place.subject.how == "number":
        return place.value
    return f"CASE WHEN length({place.value}) <= {LONGEST_NAMED} THEN {place.value} END"


def _look(place: Place) -> Iterator[str]:
    value, how = place.value, place.subject.how
    yield from (f"count({place.slot.raw})", f"count({value})")
    if how == "truth":
        yield f"count_if({value})"
    if how in {"identifier", "text", "number"}:
        yield f"approx_count_distinct({value})"
    if how == "text":
        length = f"CAST(length({value}) AS BIGINT)"
        every = lists_itself(place.subject)
        yield f"approx_top_k({_sampled(place)}, {NAMED + ROOM})" if every else "NULL"
        yield f"histogram({length}, [{', '.join(map(str, LENGTHS))}])"
        yield from (f"min({length})", f"max({length})", f"sum({length})", f"sum({length} * {length})")
    if how == "number":
        yield from (f"min({value})", f"max({value})")


def _answer(item: Asked) -> Iterator[str]:
    value = item.place.value
    if item.ask.values:
        listed = ", ".join(map(_constant, item.ask.values))
        yield f"histogram_exact({value}, [{listed}])"
    if item.ask.edges:
        ends = ", ".join(map(_constant, boundaries(item.ask.edges)))
        yield f"histogram({value}, [{ends}])"
        scaled = _scaled(value, item.look)
        yield from (f"sum({scaled})", f"sum(CAST({scaled} AS BIGINT) * {scaled})")


def _scaled(value: str, look: Look) -> str:
    scale = Scale.of(look.minimum, look.maximum)
    half = " * 0.5e0" if scale.halved else ""
    moved = f"({value}{half} - {_constant(scale.center)}{half})"
    if scale.power:
        moved = f"CAST({moved} AS DOUBLE) * {_constant(2.0**scale.power)}"
    return f"CAST({moved} AS INTEGER)"


def _constant(value: Number | str) -> str:
    """A value as an SQL constant of its type: without an exponent, DuckDB would take it for a decimal number."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def _plain(number: Any) -> Any:
    """The number, and not the zero below zero, which is the same and would be the smallest or not by chance."""
    return number + 0.0 if isinstance(number, float) else number
