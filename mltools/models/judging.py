"""A version held against the base branch's policy for a stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mltools import registry
from mltools.core import approvals, promotion
from mltools.core.config import Person
from mltools.core.events import Event, Kind
from mltools.core.promotion import Approval, Facts
from mltools.core.registry import TAGS, Version
from mltools.core.stage_policy import Stage, stages_of
from mltools.edges.git.signing import Keys, signer
from mltools.edges.git.statements import said_by
from mltools.edges.git.write import Writer
from mltools.errors import ConfigError, UsageError
from mltools.models import basefile
from mltools.models.basefile import BaseFile
from mltools.models.changing import Wish
from mltools.models.finding import Place
from mltools.models.keeping import events_of
from mltools.models.standing import Standing
from mltools.project import config_from


@dataclass(frozen=True, slots=True)
class Policy:
    """The stages of the base branch's mltools.yaml and its people; `where` says which file that was.

    Without `stages` any stage goes, and nothing is needed.
    """

    stages: tuple[Stage, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    where: str = ""

    def named(self, name: str, model: str) -> Stage | None:
        """The stage of this name; None without a policy. Raises UsageError for one that the policy does not name."""
        found = next((stage for stage in self.stages if stage.name == name), None)
        if found is None and self.stages:
            names = ", ".join(stage.name for stage in self.stages)
            raise UsageError(
                f"{name!r} is no stage of {model}", hint=f"release.stages in {self.where} has: {names}"
            )
        return found


def policy_in(writer: Writer, now: Standing, file: BaseFile) -> Policy:
    """The policy that the default branch's file leads to: its own, or that of the branch it calls `compare.base`.

    Raises ConfigError when it cannot be read.
    """
    config = config_from(file.content, file.where)
    base = f"refs/heads/{config.compare.base}"
    if file.ref != base and (other := basefile.at(writer, now, base)) is not None:
        file, config = other, config_from(other.content, other.where)
    stages = stages_of(config.release.stages) if config.release is not None else ()
    return Policy(stages, config.people, file.where)


def unmet(wish: Wish, now: Standing, version: Version, file: BaseFile) -> tuple[str, ...]:
    """What is unmet of the policy's needs, in words; what is met is said.

    Raises UsageError for a stage that the policy does not name, ConfigError when it cannot be read and nobody forces.
    """
    try:
        policy = policy_in(wish.place.writer, now, file)
    except ConfigError as error:
        if not wish.force:
            raise ConfigError(
                error.message,
                problems=error.problems,
                hint="the policy is read from the base branch: repair it there, or use --force with a --reason",
            ) from error
        return (f"policy: cannot be read: {(error.problems or (error.message,))[0]}",)
    stage = policy.named(wish.stage, now.model.name)
    if stage is None:
        return ()
    needs = promotion.needs_of(policy.stages, stage.name, _facts(wish, now, version, policy, stage))
    for need in needs:
        if need.met:
            wish.place.say(f"met: {need.line}")
    return tuple(need.line for need in needs if not need.met)


def _facts(wish: Wish, now: Standing, version: Version, policy: Policy, stage: Stage) -> Facts:
    """What the stage's needs are judged by; only what they ask for is looked up."""
    place, needs = wish.place, stage.needs
    keys = {name: Keys(person.ssh, person.gpg) for name, person in policy.people.items()}
    told: Sequence[Event] = ()
    if needs.approvals is not None or needs.monitor is not None:
        told = events_of(place, now).get(version.version, ())
    tag = place.repository.oid(f"{TAGS}{version.tag}") if needs.signed else None
    found: tuple[Approval, ...] = ()
    if needs.approvals is not None:
        found = _approvals(
            place, version, told, {name: keys[name] for name in needs.approvals.by}, stage.name
        )
    return Facts(
        now.model,
        version,
        registry.record_of(version),
        wish.clock(),
        signer(place.repository, tag, keys, tag=True) if tag is not None else None,
        found,
        told,
    )


def _approvals(
    place: Place, version: Version, told: Sequence[Event], people: dict[str, Keys], stage: str
) -> tuple[Approval, ...]:
    """The approvals for a stage; each counts for whose signature it bears, and for what that signature covers."""
    found = []
    for event in told:
        if event.kind != Kind.APPROVAL or event.stage != stage:
            continue
        text = event.details.get("statement")
        proof = said_by(place.repository, place.environ, text, people) if isinstance(text, str) else None
        wanted = approvals.Statement(event.model, version.version, stage, version.commit)
        by = proof[0] if proof is not None and approvals.statement(proof[1]) == wanted else None
        found.append(Approval(by, event.by, event.time))
    return tuple(found)
