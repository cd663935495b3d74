"""What the log of a CI run points at: broken rules at their line of the contract, gates at the line that explains them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mltools.ci.provider import Annotation, Level
from mltools.core.pipeline import DEFAULT_PARAMS, FILE
from mltools.core.records import GateResult, Record
from mltools.core.report.facts import changed_params, shown
from mltools.core.validation_report import remarks
from mltools.core.verdict import Outcome

MOST = 10  # of each level a step may make that many; GitHub drops the rest
LEVELS: Mapping[Outcome, Level] = {Outcome.FAILED: "error", Outcome.UNDECIDED: "warning"}

Locate = Callable[[str, Sequence[str | int]], int | None]


def nowhere(file: str, path: Sequence[str | int]) -> int | None:  # noqa: ARG001 - where there are no files to look in
    """The line of a key in a file of the project; none is known."""
    return None


def annotations(record: Record, locate: Locate = nowhere) -> tuple[Annotation, ...]:
    """Errors first, at most as many of each level as are shown."""
    folder = "" if record.project == "." else f"{record.project}/"
    found = [
        Annotation(item.level, item.text, file=item.file, line=item.line)
        for item in remarks(record.data, folder)
    ]
    cause = next(_causes(record, locate), None)
    found += [_of_gate(gate, folder, cause) for gate in record.gates if gate.outcome in LEVELS]
    levels: tuple[Level, ...] = ("error", "warning", "notice")
    return tuple(item for level in levels for item in [each for each in found if each.level == level][:MOST])


def _of_gate(gate: GateResult, folder: str, cause: tuple[str, int, str] | None) -> Annotation:
    level, said = LEVELS[gate.outcome], f"gate {gate.name}: {gate.outcome.value}: {gate.reason}"
    if gate.override is not None:
        return Annotation("notice", f"{said} (overridden by {gate.override.by}: {gate.override.reason})")
    if cause is None:
        return Annotation(level, said)
    file, line, what = cause
    return Annotation(level, f"{said} ({what})", file=f"{folder}{file}", line=line)


def _causes(record: Record, locate: Locate) -> Iterator[tuple[str, int, str]]:
    """Where the change is that a gate may have failed by: a param of this change, else a stage."""
    for name, old, new in changed_params(record):
        path, _, key = name.rpartition(":")
        file = path or DEFAULT_PARAMS
        if (line := locate(file, key.split("."))) is not None:
            yield file, line, f"this change sets {key} to {shown(new)}, it was {shown(old)}"
    for stage in record.stages:
        if stage.changed and (line := locate(FILE, ("stages", stage.name))) is not None:
            yield FILE, line, f"this change makes stage {stage.name} another"
