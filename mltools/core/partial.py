"""What one pass over a data set measured, as JSON that is judged later or added to that of other jobs.

A shard counts its share of the rows, but repeated values among all rows: those whose hash falls into its bucket. So
all counts of all shards add up to those of one job. A partial may come out of an artifact: it is strict, bounded,
bears its own hash, and is checked against the contract and the other partials before it is believed.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from mltools.core.config import DataPath, RelativePath
from mltools.core.contract import Contract
from mltools.core.parts import Count, Hash, Name, Part, Text
from mltools.core.validation import MOST_EXAMPLES, Check, Example, Measured, Place, Tally, plan
from mltools.errors import DataError

MOST_SHARDS = 10_000
MOST_COLUMNS = 100_000

ColumnName = Annotated[str, Field(max_length=200_000)]
Position = tuple[Count, Annotated[int, Field(ge=1)], Name]
Extreme = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)] | Name
SMALLEST = frozenset({"minimum", "min_length"})


class KeptExample(Part):
    """`validation.Example`; a place is the number of the file, the row and the file's name."""

    place: Position
    value: Text | None = None
    first: Position | None = None


class KeptTally(Part):
    """`validation.Tally` of a check."""

    rule: Name
    column: ColumnName | None = None
    count: Count
    extreme: Extreme | None = None
    examples: Annotated[tuple[KeptExample, ...], Field(max_length=MOST_EXAMPLES)] = ()


class Kept(Part):
    """What was measured of one data set; `error` is set when it could not be read."""

    path: DataPath
    contract: RelativePath
    contract_md5: Hash
    md5: Hash | None = None
    bytes: Count = 0
    rows: Count = 0
    header: Annotated[tuple[tuple[ColumnName, Name], ...], Field(max_length=MOST_COLUMNS)] = ()
    tallies: Annotated[tuple[KeptTally, ...], Field(max_length=500_000)] = ()
    error: Text | None = None
    hint: Text | None = None

    @property
    def measured(self) -> Measured:
        tallies = {Check(kept.rule, kept.column): _tally(kept) for kept in self.tallies}
        return Measured(self.rows, dict(self.header), tallies)


class Shard(Part):
    """What one of several jobs measured of all data sets. Hashes of values differ between versions, hence `engine`."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    mltools: Name
    engine: Name
    index: Annotated[int, Field(ge=1, le=MOST_SHARDS)]
    of: Annotated[int, Field(ge=1, le=MOST_SHARDS)]
    data: Annotated[tuple[Kept, ...], Field(max_length=1_000)]

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


def kept(measured: Measured) -> dict[str, Any]:
    """The fields of `Kept` that hold a measurement."""
    tallies = [
        KeptTally(
            rule=check.rule,
            column=check.column,
            count=tally.count,
            extreme=tally.extreme,
            examples=tuple(map(_kept_example, tally.examples[:MOST_EXAMPLES])),
        )
        for check, tally in measured.tallies.items()
    ]
    return {"rows": measured.rows, "header": tuple(measured.header.items()), "tallies": tuple(tallies)}


def as_tree(shard: Shard) -> dict[str, Any]:
    """A shard as a JSON tree that bears its own hash."""
    tree = shard.model_dump(mode="json", by_alias=True)
    return {**tree, "digest": _digest(tree)}


def parse_shard(tree: Any, name: str) -> Shard:
    """The shard in a JSON tree. Raises DataError naming what is wrong; trusts nothing."""
    again = "measure this shard again"
    if not isinstance(tree, dict) or "digest" not in tree:
        raise DataError(f"{name}: not a partial result of `mltools data validate --shard`", hint=again)
    content = {key: value for key, value in tree.items() if key != "digest"}
    try:
        shard = Shard.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])[:200]
        raise DataError(f"{name}: not a partial result: {where}: {first['msg']}", hint=again) from error
    if _digest(content) != tree["digest"]:
        raise DataError(f"{name}: damaged: its content is not that of its digest", hint=again)
    if shard.index > shard.of:
        raise DataError(f"{name}: not a partial result: shard {shard.index} of {shard.of}", hint=again)
    return shard


def union(shards: Sequence[tuple[str, Shard]]) -> tuple[Kept, ...]:
    """What all shards, each with the name of its file, measured together: the same as one job would have.

    Raises DataError when one is missing or doubled, or when they are not parts of one whole.
    """
    if not shards:
        raise DataError("no partial results to merge")
    _refuse_strangers(shards)
    _refuse_gaps(shards)
    in_order = sorted((shard for _, shard in shards), key=lambda shard: shard.index)
    return tuple(_merged([shard.data[at] for shard in in_order]) for at in range(len(in_order[0].data)))


def fits(found: Kept, contract: Contract) -> bool:
    """Whether what was counted are the checks of this contract."""
    return set(found.measured.tallies) == set(plan(contract, dict(found.header)))


def refuse_other_contract(found: Kept, contract: Contract, contract_md5: str) -> None:
    """Raise DataError when a data set was measured by another contract than this one."""
    again = f"measure all shards with this {found.contract}, or merge where the contract is the one they had"
    if found.contract_md5 != contract_md5:
        raise DataError(
            f"{found.path}: {found.contract} is not the contract that was measured by", hint=again
        )
    if found.error is None and not fits(found, contract):
        raise DataError(f"{found.path}: the checks are not those of {found.contract}", hint=again)


def _refuse_strangers(shards: Sequence[tuple[str, Shard]]) -> None:
    """Parts of one whole agree in all but their number and what they counted."""
    (name, one), *others = shards
    for other_name, other in others:
        for what, here, there in (
            ("by another version of mltools", one.mltools, other.mltools),
            ("by another version of DuckDB", one.engine, other.engine),
            ("as part of another number of shards", str(one.of), str(other.of)),
        ):
            if here != there:
                raise DataError(
                    f"{other_name}: was measured {what} ({there}) than {name} ({here})",
                    hint="measure all shards in one way",
                )
        for found, expected in zip(other.data, one.data, strict=False):
            _refuse_stranger(other_name, found, name, expected)
        if len(other.data) != len(one.data):
            raise DataError(
                f"{other_name}: holds {len(other.data)} data sets, {name} {len(one.data)}",
                hint="measure all shards of one commit, and name the same data sets",
            )


def _refuse_stranger(name: str, found: Kept, other: str, expected: Kept) -> None:
    hashed = found.error is None and expected.error is None
    if (found.path, found.contract) != (expected.path, expected.contract):
        what = f"measured {found.path} by {found.contract} where {other} measured {expected.path} by {expected.contract}"
    elif found.contract_md5 != expected.contract_md5:
        what = f"{found.path} was measured by another {found.contract} than in {other}"
    elif hashed and (found.md5, found.bytes) != (expected.md5, expected.bytes):
        what = f"{found.path} holds other data than in {other}"
    else:
        return
    raise DataError(f"{name}: {what}", hint="measure all shards of one commit")


def _refuse_gaps(shards: Sequence[tuple[str, Shard]]) -> None:
    by_index: dict[int, str] = {}
    for name, shard in shards:
        if shard.index in by_index:
            raise DataError(
                f"{by_index[shard.index]} and {name} are both shard {shard.index} of {shard.of}",
                hint="name each shard's file once",
            )
        by_index[shard.index] = name
    of = shards[0][1].of
    missing = [str(index) for index in range(1, of + 1) if index not in by_index]
    if missing:
        listed = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")  # noqa: PLR2004 - fits a line
        raise DataError(
            f"of {of} shards {len(by_index)} are here; missing: {listed}",
            hint="name the files of all shards; a job that failed is run again",
        )


def _merged(parts: Sequence[Kept]) -> Kept:
    whole = parts[0]
    failed = next((part for part in parts if part.error is not None), None)
    if failed is not None:
        return whole.model_copy(
            update={"error": failed.error, "hint": failed.hint, "rows": 0, "header": (), "tallies": ()}
        )
    if any(part.header != whole.header for part in parts):
        raise DataError(f"{whole.path}: the shards found other columns", hint="measure all shards again")
    return whole.model_copy(update=kept(_added([part.measured for part in parts])))


def _added(parts: Sequence[Measured]) -> Measured:
    checks = {check: None for part in parts for check in part.tallies}
    tallies = {
        check: _sum(check, [part.tallies[check] for part in parts if check in part.tallies])
        for check in checks
    }
    return Measured(sum(part.rows for part in parts), parts[0].header, tallies)


def _sum(check: Check, tallies: Sequence[Tally]) -> Tally:
    extremes: list[Any] = [tally.extreme for tally in tallies if tally.extreme is not None]
    furthest = min if check.rule in SMALLEST else max
    examples = sorted(
        (example for tally in tallies for example in tally.examples), key=lambda example: example.place
    )
    return Tally(
        sum(tally.count for tally in tallies),
        furthest(extremes) if extremes else None,
        tuple(examples[:MOST_EXAMPLES]),
    )


def _digest(tree: Mapping[str, Any]) -> str:
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _kept_example(example: Example) -> KeptExample:
    return KeptExample(
        place=_position(example.place),
        value=example.value,
        first=None if example.first is None else _position(example.first),
    )


def _position(place: Place) -> tuple[int, int, str]:
    return place.part, place.row, place.file


def _tally(kept_tally: KeptTally) -> Tally:
    examples = tuple(
        Example(Place(*item.place), item.value, None if item.first is None else Place(*item.first))
        for item in kept_tally.examples
    )
    return Tally(kept_tally.count, kept_tally.extreme, examples)
