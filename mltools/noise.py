"""How noisy a pipeline is: a commit trained again under other seeds, the spread of its metrics kept in the journal."""

from collections.abc import Callable, Mapping
from datetime import datetime

from mltools import journal, rerunning
from mltools.core.noise import Noise, parse_noise, seeds, spreads
from mltools.edges import documents
from mltools.edges.git.write import Writer
from mltools.errors import ConfigError, DataError
from mltools.project import Project
from mltools.reproducing import Doing

KIND = "noise"


def measure(
    project: Project,
    commit: str,
    *,
    param: str,
    repeats: int,
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    say: Callable[[str], None],
) -> Noise:
    """Train a commit again with `repeats` other seeds, beside the working tree; the spread is kept in the journal.

    Raises ConfigError when the param is not there or changes nothing, CommandError when a stage fails.
    """
    with rerunning.beside(project, commit, environ, say=say) as clone:
        tried = seeds(rerunning.param(clone, param), repeats)
        found = []
        for seed in tried:
            rerunning.set_param(clone, param, seed)
            say(f"{param} = {seed}")
            found.append(rerunning.metrics(clone, Doing(environ, say)))
    measured = spreads(found)
    if not measured:
        raise DataError("no metric is a number in every repeat, so there is nothing to measure")
    if all(spread.sd == 0 for spread in measured.values()):
        raise ConfigError(
            f"{param} changes no metric, so its values say nothing about noise",
            hint="name the param that seeds the training with --seed; a pipeline without chance has no noise",
        )
    noise = Noise(
        commit=commit, project=project.name, time=f"{clock():%Y-%m-%dT%H:%M:%SZ}", param=param, seeds=tried, metrics=measured
    )  # fmt: skip
    content = documents.write_json(noise.as_json()).encode()
    journal.append_note(
        Writer(project.repository, environ), KIND, commit, f"{clock():%Y%m%dT%H%M%SZ}", content, when=clock()
    )
    return noise


def known(project: Project, commit: str | None) -> Noise | None:
    """The newest noise floor that was measured at a commit or before it; None without one."""
    for where, content in journal.notes(project.repository, KIND):
        try:
            found = parse_noise(documents.read_json(content, where), where)
        except ConfigError:
            continue
        if found.project != project.name:
            continue
        repository = project.repository
        if commit is None or (
            repository.resolve(found.commit) is not None
            and repository.resolve(commit) is not None
            and repository.is_ancestor(found.commit, commit)
        ):
            return found
    return None
