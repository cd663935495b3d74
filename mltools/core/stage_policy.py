"""The stages of `release.stages` in mltools.yaml: their order, and what a version needs to be promoted to each."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from mltools.core.strict import Section

StageName = Annotated[
    str, Field(pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9/_-]*[a-zA-Z0-9])?$", max_length=80, description="its name")
]


class Minimum(Section):
    """How long a version must have been in a stage before; its times there count together."""

    stage: Annotated[StageName | None, Field(description="which stage; the one before when absent")] = None
    hours: Annotated[float, Field(gt=0, le=100_000, description="how many hours")]


class Approvals(Section):
    """Whose word it takes: `mltools model approve`, proved by a signature."""

    by: Annotated[
        tuple[str, ...],
        Field(min_length=1, max_length=100, description="names out of `people`, any of whom may"),
    ]
    count: Annotated[int, Field(ge=1, description="how many of them")] = 1

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.count > len(set(self.by)):
            raise ValueError(f"asks for {self.count} approvals, and {len(set(self.by))} may give one")
        return self


class Needs(Section):
    """What a version needs before it is promoted to a stage; all of it, and what is absent is not asked."""

    verdict: Annotated[
        Literal["passed"] | None, Field(description="the verdict that its release record must hold")
    ] = None
    minimum: Annotated[
        Minimum | None, Field(description="its time in an earlier stage, `{stage, hours}`")
    ] = None
    signed: Annotated[
        bool, Field(description="whether its tag must be signed by the key of one of the `people`")
    ] = False
    approvals: Annotated[
        Approvals | None, Field(description="approvals, `{count, by}`, given with `mltools model approve`")
    ] = None
    monitor: Annotated[
        Literal["healthy"] | None, Field(description="what the newest monitoring of it must say")
    ] = None


class Stage(Section):
    """A stage with what a version needs to be promoted to it."""

    name: StageName
    needs: Needs = Needs()


def _form(value: Any) -> str:
    return "rules" if isinstance(value, dict | Stage) else "name"


Entry = Annotated[
    Annotated[StageName, Tag("name")] | Annotated[Stage, Tag("rules")],
    Discriminator(_form),
]


def _consistent(entries: tuple[str | Stage, ...]) -> tuple[str | Stage, ...]:
    seen: list[str] = []
    for stage in stages_of(entries):
        if stage.name in seen:
            raise ValueError(f"the stage {stage.name!r} stands there twice")
        minimum = stage.needs.minimum
        if minimum is not None and minimum.stage is None and not seen:
            raise ValueError(f"{stage.name!r} is the first stage: `minimum` needs to name another one")
        if minimum is not None and minimum.stage is not None and minimum.stage not in seen:
            raise ValueError(
                f"{stage.name!r} asks for time in {minimum.stage!r}, which is no stage before it"
            )
        seen.append(stage.name)
    return entries


Stages = Annotated[tuple[Entry, ...], AfterValidator(_consistent)]


def stages_of(entries: Iterable[str | Stage]) -> tuple[Stage, ...]:
    """The stages in their order; a bare name asks for nothing."""
    return tuple(Stage(name=entry) if isinstance(entry, str) else entry for entry in entries)
