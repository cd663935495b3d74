"""The one branch that a model is retrained on: moved forward only, and never over what somebody else committed there."""

from collections.abc import Mapping

from mltools.core.retrain_handover import commit_message, seal, sealed
from mltools.edges.git import lineage
from mltools.edges.git.lineage import Step
from mltools.edges.git.pushing import PushError
from mltools.edges.git.runner import EMAIL, NAME
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError
from mltools.retraining.desk import Desk

HEADS = "refs/heads/"
IDENTITY = {
    "GIT_AUTHOR_NAME": NAME,
    "GIT_AUTHOR_EMAIL": EMAIL,
    "GIT_COMMITTER_NAME": NAME,
    "GIT_COMMITTER_EMAIL": EMAIL,
}


def refuse_foreign(desk: Desk) -> None:
    """Raises RepositoryError where the branch holds a commit that no retraining made."""
    for tip in filter(None, {desk.there, desk.repository.resolve(f"{HEADS}{desk.branch}")}):
        for step in lineage.beyond(desk.repository, tip, desk.tip):
            if not _is_ours(desk, step):
                raise RepositoryError(
                    f"{desk.branch}: {step.author} committed {step.commit[:10]} there, so it is left alone",
                    hint=f"merge the branch or delete it (git push {desk.remote or 'origin'} :{desk.branch}), then retrain",
                )


def candidate(desk: Desk, base: str, files: Mapping[str, bytes]) -> str:
    """The commit of a retraining's results: on `base`, and on what the branch held before, so that it moves forward.

    The same results on the same base give the same commit, whoever makes it and when: its date is the base's.
    """
    there = desk.there
    if there is not None and _holds(desk, there, base, files):
        return there
    behind = there is not None and not desk.repository.is_ancestor(there, base)
    # An identity of its own, as nobody in person has made these files.
    writer = Writer(desk.repository, {**desk.writer.environ, **IDENTITY})
    return writer.commit(
        files,
        commit_message(desk.model, base, dict(files)),
        parent=base,
        when=lineage.committed(desk.repository, base),
        further=(there,) if behind and there is not None else (),
    )


def move(desk: Desk, commit: str) -> None:
    """Bring the branch to a commit: at the remote, without one here. What is there already is not done again.

    Raises RepositoryError where somebody else moved it meanwhile, or the remote refuses.
    """
    if desk.remote is None:
        ref = f"{HEADS}{desk.branch}"
        if desk.repository.oid(ref) != commit:
            desk.writer.update_ref(ref, commit, desk.there)
        return
    ref = f"{HEADS}{desk.branch}"
    try:
        desk.writer.push(desk.remote, f"{commit}:{ref}")
    except PushError as refusal:
        if desk.writer.remote_refs(desk.remote, ref).get(ref) == commit:
            return  # another retraining of the same was faster
        if refusal.race:
            raise RepositoryError(
                f"{desk.branch} was moved at {desk.remote} meanwhile; nothing there was overwritten",
                hint="run it again: it starts from what is there now",
            ) from refusal
        raise


def name_here(desk: Desk, commit: str) -> None:
    """Let the branch be a local one, too, where no work of anybody's is in the way."""
    ref = f"{HEADS}{desk.branch}"
    here = desk.repository.oid(ref)
    if here == commit or desk.repository.branch() == desk.branch:
        return
    if here is None or desk.repository.is_ancestor(here, commit):
        desk.writer.update_ref(ref, commit, here)
    else:
        desk.outside.say(f"the local branch {desk.branch} is left alone: it holds commits of its own")


def _holds(desk: Desk, tip: str, base: str, files: Mapping[str, bytes]) -> bool:
    """Whether a commit is that of these results on this base."""
    if base not in desk.repository.parents(tip):
        return False
    return lineage.changed(desk.repository, base, tip) == dict(files)


def _is_ours(desk: Desk, step: Step) -> bool:
    """Whether a retraining made a commit, and nobody changed it since."""
    named = sealed(step.message)
    if named is None or named[0] not in step.parents:
        return False
    files = lineage.changed(desk.repository, named[0], step.commit)
    return files is not None and seal(named[0], files) == named[1]
