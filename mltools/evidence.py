"""What gates judge, gathered: each kind of evidence only where a gate asks for it, and not twice for the same inputs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltools import __version__, journal, noise, rerunning
from mltools.baseline import Baseline
from mltools.core import compared, grouped
from mltools.core import pipeline as pipelines
from mltools.core.data_facts import DataFacts
from mltools.core.gates import Cost, Facts, Fairness, Gate, Reproducible, Significance, Slice
from mltools.core.gates.base import NOT_RERUN
from mltools.core.gates.change import ChangeGate
from mltools.core.metrics import Scalar, under_both
from mltools.core.records import Record, Stage
from mltools.edges import latency
from mltools.errors import DataError, MltoolsError
from mltools.project import Project, load_lock
from mltools.reproducing import Doing

# How many runs back a stage's last real run is looked for.
LOOKED_BACK = 20


@dataclass(frozen=True, slots=True)
class Run:
    """The run that is judged: of which commit and inputs (None when some are uncommitted), with which results."""

    environ: Mapping[str, str]
    say: Callable[[str], None]
    head: str
    inputs: str | None
    stages: tuple[Stage, ...] = ()
    data: DataFacts = field(default_factory=DataFacts)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts for the gates, and what could not be had."""

    facts: Facts
    problems: tuple[str, ...] = field(default=())


def gather(
    project: Project, against: Baseline, gates: Sequence[Gate], metrics: Mapping[str, Scalar], run: Run
) -> Evidence:
    """The facts that these gates judge."""
    line = _line(project, against, gates)
    problems: list[str] = []
    names = project.config.compare.renamed
    facts = Facts(
        under_both(metrics, names),
        under_both(against.metrics, names) if against.base is not None else None,
        against.unreadable,
        data=run.data,
        noise=_noise(project, against, gates),
        costs=dict(_costs(project, gates, run, line, problems)),
        base_costs=_costs_of(line),
        rerun=_rerun(project, gates, run),
        **_predicted(project, against, gates, metrics, run),
    )
    return Evidence(facts, tuple(problems))


def _noise(project: Project, against: Baseline, gates: Sequence[Gate]) -> Mapping[str, float]:
    asked = {gate.metric for gate in gates if isinstance(gate, ChangeGate) and gate.noise is not None}
    commit = None if against.base is None else against.base.commit
    found = noise.known(project, commit) if asked else None
    return {} if found is None else found.floor


def _line(project: Project, against: Baseline, gates: Sequence[Gate]) -> tuple[Record, ...]:
    """The base's record and, where a stage may have run long before it, those that it leads back to."""
    wanted = {gate.what for gate in gates if isinstance(gate, Cost)}
    if not wanted or against.base is None or not against.base.run:
        return ()
    base = journal.load(project.repository, against.base.run)
    if base is None:
        return ()
    return (base, *(journal.bases(project.repository, base, LOOKED_BACK) if "seconds" in wanted else ()))


def _costs(
    project: Project, gates: Sequence[Gate], run: Run, line: Sequence[Record], problems: list[str]
) -> Iterator[tuple[str, float]]:
    wanted = [gate for gate in gates if isinstance(gate, Cost)]
    if not wanted:
        return
    outputs = pipelines.outputs(project.pipeline, load_lock(project))
    earlier = [*_earlier(project, run), *line]
    for gate in wanted:
        value: float | None = None
        if gate.what == "bytes":
            out = outputs.get(gate.of)
            value = None if out is None or out.size is None else float(out.size)
        elif gate.what == "seconds":
            value = _seconds(gate.of, run.stages, earlier)
        else:
            value = _latency(project, gate, run, earlier, problems)
        if value is not None:
            yield gate.cost, value


def _seconds(name: str, stages: Iterable[Stage], earlier: Iterable[Record]) -> float | None:
    """How long a stage took when it last ran: now, or in the run whose results are used."""
    stage = next((stage for stage in stages if stage.name == name), None)
    if stage is None or stage.state == "ran":
        return None if stage is None else stage.seconds
    for record in earlier:
        same = next((item for item in record.stages if item.name == name and item.md5 == stage.md5), None)
        if same is not None and same.state == "ran":
            return same.seconds
        if same is not None and (known := record.costs.get(f"seconds:{name}")) is not None:
            return known
    return None


def _latency(
    project: Project, gate: Cost, run: Run, earlier: Iterable[Record], problems: list[str]
) -> float | None:
    """The latency of the model as it is; of the same bytes it is not measured twice."""
    now = {path: out.md5 for path, out in pipelines.outputs(project.pipeline, load_lock(project)).items()}
    for record in earlier:
        then = {out.path: out.md5 for out in record.outputs}
        known = record.costs.get(gate.cost)
        # Of a file that is no output nobody knows whether it is the same.
        same = (
            then.get(path) is not None and now.get(path) == then.get(path)
            for path in (gate.of, gate.rows or "")
        )
        if known is not None and all(same):
            return known
    try:
        rows = project.root / (gate.rows or "")
        types = project.config.serve.types
        times = latency.measure(project.root / gate.of, rows, environ=run.environ, types=types)
    except DataError as error:
        problems.append(f"gate {gate.name}: {error.message}")
        return None
    return round(latency.quantile(times, gate.quantile), 4)


def _costs_of(line: Sequence[Record]) -> dict[str, float]:
    """What the first of these records says of costs, also where no gate asked for them then."""
    if not line:
        return {}
    record = line[0]
    found = ((stage.name, _seconds(stage.name, record.stages, line)) for stage in record.stages)
    ran = {f"seconds:{name}": seconds for name, seconds in found if seconds is not None}
    sizes = {f"bytes:{out.path}": float(out.size) for out in record.outputs if out.size is not None}
    return {**ran, **sizes, **record.costs}


def _rerun(project: Project, gates: Sequence[Gate], run: Run) -> Mapping[str, Scalar] | str:
    if not any(isinstance(gate, Reproducible) for gate in gates):
        return NOT_RERUN
    if run.inputs is None:
        return "with uncommitted changes it cannot be run again; commit first"
    known = next((record.rerun for record in _earlier(project, run) if record.rerun), None)
    if known is not None:
        return known
    run.say("running everything a second time, for the gate of kind reproducible")
    try:
        with rerunning.beside(project, run.head, run.environ, say=run.say) as clone:
            return rerunning.metrics(clone, Doing(run.environ, run.say), fresh=True)
    except MltoolsError as error:
        return f"it could not be run again: {error.message.splitlines()[0]}"


def _predicted(
    project: Project, against: Baseline, gates: Sequence[Gate], metrics: Mapping[str, Scalar], run: Run
) -> dict[str, Any]:
    """What predictions tell to the gates that ask; what an earlier run of the same inputs and base found is used."""
    asked = [gate for gate in gates if isinstance(gate, Significance | Slice | Fairness)]
    known = _known(project, against, run) if asked else {}
    found: dict[str, dict[str, Any]] = {"compared": {}, "grouped": {}, "gaps": {}}
    for gate in asked:
        evidence = known.get((gate.name, gate.kind), {})
        place, read = _KEPT[gate.kind]
        if (value := read(evidence)) is not None:
            found[place][gate.name] = value
    # Comparisons are corrected for their number, so that they are made all together or not at all.
    rest = [gate for gate in asked if gate.name not in found[_KEPT[gate.kind][0]]]
    if any(isinstance(gate, Significance) for gate in rest):
        rest += [gate for gate in asked if isinstance(gate, Significance) and gate not in rest]
    if rest:
        # Loaded only here: NumPy, SciPy and pandas cost more than all the rest of a run in which nothing changed.
        from mltools import predictions  # noqa: PLC0415

        told = predictions.judge(project, against, rest, metrics, run.environ)
        found["compared"] |= told.compared
        found["grouped"] |= told.grouped
        found["gaps"] |= told.gaps
    return found


def _known(project: Project, against: Baseline, run: Run) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The evidence of an earlier run of the same inputs against the same base, by gate and kind."""
    commit = None if against.base is None else against.base.commit
    for record in _earlier(project, run):
        same = (None if record.base is None else record.base.commit) == commit
        if same and record.environment.mltools == __version__ and not record.dirty:
            return {(gate.name, gate.kind): gate.evidence for gate in record.gates}
    return {}


_KEPT: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], object]]] = {
    "significance": ("compared", compared.from_evidence),
    "slice": ("grouped", grouped.grouped_from),
    "fairness": ("gaps", grouped.gap_from),
}


def _earlier(project: Project, run: Run) -> Iterator[Record]:
    if run.inputs is not None:
        yield from journal.of_inputs(project.repository, run.inputs)
