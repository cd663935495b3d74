"""What the parts of a retraining share: where it takes place, what it may touch, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mltools.core.config import Config
from mltools.core.context import Context
from mltools.core.retrain_handover import branch_of
from mltools.core.retrain_policy import Retrain
from mltools.core.retraining import Decision, Reason
from mltools.core.stages import Pipeline
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.project import Project


@dataclass(frozen=True, slots=True)
class Outside:
    """What a retraining may touch beside Git. `detail` is told what the stages print."""

    environ: Mapping[str, str] = field(repr=False)  # it holds the token
    context: Context
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    warn: Callable[[str], None]
    detail: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """A project's model at the tip of the base branch, and the branch that it is retrained on.

    `config` and `pipeline` are those of `tip`; `there` is where the retraining's branch stands, None where it is not.
    """

    project: Project
    outside: Outside
    writer: Writer
    remote: str | None
    config: Config
    pipeline: Pipeline
    model: str
    base: str
    tip: str
    there: str | None

    @property
    def repository(self) -> Repository:
        return self.project.repository

    @property
    def policy(self) -> Retrain:
        return self.config.retrain or Retrain()

    @property
    def branch(self) -> str:
        return branch_of(self.model)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    `state` is a word of the journal; `waiting` where it is not time to retrain, `due` where it is and nothing was done yet,
    `started` where the forge does it, `trained` where it is to be published yet.
    `said_no` says that a gate or the data contract refused the model.
    """

    state: str
    sentence: str
    reasons: tuple[Reason, ...] = ()
    decision: Decision | None = None
    branch: str | None = None
    commit: str | None = None
    run: str | None = None
    verdict: str | None = None
    pull_request: str | None = None
    merged: bool = False
    said_no: bool = False

    @classmethod
    def of(cls, decision: Decision) -> "Outcome":
        """What is told of a decision that nothing was done about."""
        state = "due" if decision.retrain else "waiting"
        return cls(state, decision.sentence, decision.reasons, decision)
