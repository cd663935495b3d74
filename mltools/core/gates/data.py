"""The data must hold their contracts, and be like those of the base."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mltools.core.data_changes import DataChange
from mltools.core.data_facts import DataFacts, Pairing
from mltools.core.data_findings import (
    Finding,
    against_base,
    alike,
    apart,
    contract_holds,
    contract_kept,
    enough_rows,
    few_repeats,
    of_each,
    whole,
)
from mltools.core.gates.base import Facts, GateBase
from mltools.core.names import nearest, shown
from mltools.core.records import DataSet
from mltools.core.urls import is_url
from mltools.core.verdict import Outcome, Verdict

LONGEST_REASON = 2_000

Path = Annotated[str, Field(min_length=1, max_length=500)]
ColumnName = Annotated[str, Field(min_length=1, max_length=1_000)]
Columns = Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=1_000)]


class NoOverlap(BaseModel):
    """Two files that may share no row: what a model learns from, and what it is tested on."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    train: Annotated[Path, Field(description="file that the model learns from")]
    test: Annotated[Path, Field(description="file that it is tested on")]
    id: Annotated[
        ColumnName | Columns, Field(description="the column, or columns, by which a row is known in both")
    ]

    @property
    def pairing(self) -> Pairing:
        return Pairing(self.train, self.test, (self.id,) if isinstance(self.id, str) else self.id)

    @model_validator(mode="after")
    def _two_files(self) -> Self:
        if self.train == self.test:
            raise ValueError(f"train and test are the same file, {shown(self.train)}")
        return self


class Data(GateBase):
    """The data sets hold their contracts and are like those of the base; train and test share no row.

    Each option that is set is a part of the gate: it fails if one of them fails, and is undecided if one of the rest
    cannot be decided. What is compared with the base is skipped on a first run.
    """

    kind: Literal["data"]
    path: Annotated[Path | None, Field(description="the data set it is about; all when absent")] = None
    schema_holds: Annotated[bool, Field(description="the contract holds; a warning alone passes")] = True
    breaking: Annotated[
        Literal["fail", "allow"],
        Field(description="whether a change of the contract that refuses what was good fails"),
    ] = "allow"
    psi: Annotated[
        float | None,
        Field(
            gt=0,
            description="largest population stability index of a column against the base that passes; "
            "what chance explains passes, too. 0.1 is commonly called a moderate shift, 0.25 a large one",
        ),
    ] = None
    columns: Annotated[
        tuple[ColumnName, ...],
        Field(max_length=1_000, description="the columns that `psi` is about; all when absent"),
    ] = ()
    min_rows: Annotated[int | None, Field(ge=1, description="fewest rows that pass")] = None
    no_overlap: Annotated[
        NoOverlap | None,
        Field(description="no id stands in both files: {train: PATH, test: PATH, id: COLUMN or a list}"),
    ] = None
    max_duplicate_rows: Annotated[
        float | None,
        Field(ge=0, le=1, description="largest share of rows that repeat an earlier one whole, 0 to 1"),
    ] = None

    @model_validator(mode="after")
    def _of_use(self) -> Self:
        if self.columns and self.psi is None:
            raise ValueError("'columns' says which columns 'psi' is about, and there is no 'psi'")
        parts = (self.psi, self.min_rows, self.no_overlap, self.max_duplicate_rows)
        if not self.schema_holds and self.breaking == "allow" and all(part is None for part in parts):
            raise ValueError(
                "every part is off, so it judges nothing; set psi, breaking, min_rows or another"
            )
        return self

    def problems(self, facts: Facts) -> Iterator[str]:
        data = facts.data
        known = data.paths
        if self.path is not None and self.path not in known:
            yield f"no data set {shown(self.path)!r} in mltools.yaml{_nearest(self.path, known)}"
        if self.path is None and not known and self._about_sets:
            yield "mltools.yaml lists no data sets, so there is nothing to judge"
        if self.no_overlap is not None:
            for path in (self.no_overlap.train, self.no_overlap.test):
                if path not in data.places and is_url(path):
                    yield f"{shown(path)} is no data set: an address must be listed under `data`"
                elif path not in data.places:
                    yield f"no file {shown(path)!r} in the project{_nearest(path, sorted(data.places))}"

    def evaluate(self, facts: Facts) -> Verdict:
        findings = tuple(self._findings(facts.data))
        outcome = whole(finding.outcome for finding in findings)
        texts = [finding.text for finding in findings if finding.outcome is outcome]
        if outcome is Outcome.FAILED:
            undecided = [finding.text for finding in findings if finding.outcome is Outcome.UNDECIDED]
            texts += [f"undecided: {text}" for text in undecided]
        evidence = {key: value for finding in findings for key, value in finding.evidence.items()}
        reason = "; ".join(dict.fromkeys(texts))[:LONGEST_REASON]
        return self.verdict(self.kind, outcome, reason, data=self.path, **evidence)

    @property
    def _about_sets(self) -> bool:
        parts = (self.psi, self.min_rows, self.max_duplicate_rows)
        return self.schema_holds or self.breaking == "fail" or any(part is not None for part in parts)

    def _findings(self, data: DataFacts) -> Iterator[Finding]:
        sets, changes = self.sets(data), self._changes(data)
        psi, fewest, most = self.psi, self.min_rows, self.max_duplicate_rows
        if self.schema_holds:
            yield of_each(sets, self.path, contract_holds)
        if self.breaking == "fail":
            yield against_base(data, changes, contract_kept)
        if psi is not None:
            yield against_base(data, changes, lambda change: alike(change, psi, self.columns))
        if fewest is not None:
            yield of_each(sets, self.path, lambda item: enough_rows(item, fewest))
        if most is not None:
            yield of_each(sets, self.path, lambda item: few_repeats(item, data, most))
        if self.no_overlap is not None:
            yield apart(data, self.no_overlap.pairing)

    def sets(self, data: DataFacts) -> tuple[DataSet, ...]:
        """The data sets that it is about; one that the change gave another path is the same one."""
        meant = {self.path, *(change.path for change in self._changes(data))}
        return tuple(item for item in data.sets if self.path is None or item.path in meant)

    def _changes(self, data: DataFacts) -> tuple[DataChange, ...]:
        known = data.changes or ()
        if self.path is None:
            return known
        return tuple(change for change in known if self.path in {change.path, change.was})


def _nearest(path: str, known: Iterable[str]) -> str:
    names = tuple(known)
    close = nearest(path, names)
    if close is not None:
        return f"; did you mean {shown(close)!r}?"
    return f"; there are {', '.join(shown(name) for name in names[:8])}" if names else ""
