"""Runs that need not be computed again, because the journal has one of the same inputs."""

from collections.abc import Callable

from mltools import journal
from mltools.core.inputs import fingerprint, lies_in, places_of
from mltools.core.records import Record
from mltools.edges import files
from mltools.project import LOCK_FILE, Project

__all__ = ["inputs_of", "lies_in", "outputs_of", "prime", "record_of"]


def inputs_of(project: Project, commit: str) -> str:
    """The MD5 of what a run of this commit starts from: every tracked file of the project but the pipeline's results.

    Code, params, data pointers, contracts, policy and the requirements file are among them.
    """
    tree = project.repository.tree(commit, project.prefix)
    return fingerprint(tree, project.prefix, project.pipeline)


def record_of(project: Project, commit: str) -> Record | None:
    """The record that speaks of a commit's inputs: its own, else that of a run of the same inputs.

    A commit that adds nothing but the results of a run has that run's inputs. Records with uncommitted changes say what
    somebody tried on top of a commit, and do not count.
    """
    own = journal.find(project.repository, commit, project.name)
    if own is not None and not own.dirty:
        return own
    same = journal.of_inputs(project.repository, inputs_of(project, commit))
    return next((each for each in same if each.project == project.name and not each.dirty), None)


def prime(project: Project, inputs: str, *, say: Callable[[str], None]) -> Record | None:
    """Lay out the dvc.lock and the small results of an earlier run of the same inputs; that run, None without one.

    DVC or the clean check still decide whether anything has to run: a data object that is nowhere is made again.
    """
    places = outputs_of(project)
    for earlier in journal.of_inputs(project.repository, inputs):
        lock = journal.attachment(project.repository, earlier, LOCK_FILE)
        if lock is None or not earlier.outputs:
            continue
        for name, content in journal.results(project.repository, earlier).items():
            if lies_in(name, places):  # whatever the journal holds, nothing else is written over
                files.write_atomic(project.root / name, content)
        files.write_atomic(project.root / LOCK_FILE, lock)
        say(f"the same inputs have the record {earlier.id}: its results are used where they still are")
        return earlier
    return None


def outputs_of(project: Project) -> frozenset[str]:
    """The outputs of all stages, by their paths in the project."""
    return places_of(project.pipeline)
