"""Training again: decided, done on a branch of its own, and brought before people as one pull request.

The order survives a kill at any point: the run's record and objects, the branch, the pull request with its report, the
event in the journal, and only then a merge. The same results on the same base are the same commit, so the same command
completes what was begun, and two at once come to the same. Nothing is ever forced.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from mltools.core.retrain_handover import Handover, parse_handover
from mltools.core.retraining import Decision, Wish, decide
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError, MltoolsError, ProviderError
from mltools.project import Project
from mltools.retraining import knowing, merging, proposing, starting, training
from mltools.retraining.desk import Desk, Outcome, Outside

__all__ = ["Desk", "Outcome", "Outside", "check", "publish", "retrain", "start", "train"]

FILE = "retrain.json"
LARGEST = 1 << 20


def check(project: Project, outside: Outside, wish: Wish, *, ask: bool = True) -> tuple[Desk, Decision]:
    """Whether to retrain now. With `ask` the remote is asked first; else what this clone knows of it counts.

    Raises ConfigError where nothing says which model, RepositoryError without the base branch.
    """
    desk = knowing.desk(project, outside, ask=ask)
    if ask:
        knowing.bring(desk)
    found = knowing.situation(desk, wish, outside.clock())
    return desk, decide(desk.policy, found)


def retrain(project: Project, outside: Outside, wish: Wish) -> Outcome:
    """Decide, and where it is time: train, and publish what came of it.

    Raises CommandError when a stage fails, after that was kept in the journal.
    """
    desk, decision = check(project, outside, wish)
    merging.resume(desk)
    if not decision.retrain:
        return Outcome.of(decision)
    knowing.bring_data(desk)
    with tempfile.TemporaryDirectory(prefix="mltools-retrain-") as name:
        place = Path(name)
        try:
            train(desk, decision, wish, place)
        except MltoolsError:
            if (place / FILE).is_file():
                _keep_failure(desk, place, decision)
            raise
        return proposing.publish(desk, handed_over(place), place, decision)


def start(project: Project, outside: Outside) -> Outcome:
    """Decide, and where it is time start the forge's workflow that retrains; it decides once more by itself.

    Raises ConfigError where there is no such workflow, ProviderError where no forge is known or it refuses.
    """
    desk, decision = check(project, outside, Wish())
    if desk.config.ci is None or desk.config.retrain is None:
        raise ConfigError(
            f"no workflow of {desk.base} retrains: its mltools.yaml lacks {'ci' if desk.config.ci is None else 'retrain'}",
            hint="add the section and run `mltools workflow generate`; `mltools retrain` trains here",
        )
    if not decision.retrain:
        return Outcome.of(decision)
    forge = starting.connected(desk)
    if forge is None:
        raise ProviderError(
            "no forge is known to start it on: there is no token or no repository",
            hint="in CI both are there; elsewhere set GITHUB_TOKEN and GITHUB_REPOSITORY, or run `mltools retrain` here",
        )
    starting.start(desk, forge, "mltools-retrain", "the workflow that retrains")
    return replace(Outcome.of(decision), state="started")


def train(desk: Desk, decision: Decision, wish: Wish, directory: Path) -> Handover:
    """Train in a clone beside the working tree, and leave in `directory` what publishing needs. Writes to no remote.

    Raises DataError when the directory is not empty. When a stage fails the directory says so, and the error is raised.
    """
    if directory.exists() and any(directory.iterdir()):
        raise DataError(f"{directory} is not empty", hint="name a new directory")

    def keep(handed: Handover) -> None:
        files.write_atomic(directory / FILE, documents.write_json(handed.as_json()))

    return training.train(desk, decision, wish, directory, keep)


def _keep_failure(desk: Desk, place: Path, decision: Decision) -> None:
    """Keep in the journal that an attempt failed. What it failed of is the error that is told."""
    try:
        proposing.publish(desk, handed_over(place), place, decision)
    except MltoolsError as error:
        desk.outside.warn(f"the journal does not say that it failed: {error.message}")


def publish(project: Project, outside: Outside, directory: Path) -> Outcome:
    """Bring to remote, forge and journal what `train` left in a directory. Runs nothing of the project.

    Raises DataError for a directory that holds no retraining, or one that does not fit.
    """
    desk = knowing.desk(project, outside, ask=True)
    knowing.bring(desk)
    return proposing.publish(desk, handed_over(directory), directory, None)


def handed_over(directory: Path) -> Handover:
    """What `train` left in a directory."""
    path = directory / FILE
    if not path.is_file() or files.size(path) > LARGEST:
        raise DataError(
            f"{directory} holds no retraining: there is no {FILE}, or one that is too large",
            hint="`mltools retrain --bundle DIR` leaves one",
        )
    try:
        tree = documents.read_json(files.read_bytes(path), str(path))
    except ConfigError as error:  # not the user's mistake
        raise DataError(
            error.message, hint="the directory was damaged, or made by another mltools"
        ) from error
    return parse_handover(tree, str(path))
