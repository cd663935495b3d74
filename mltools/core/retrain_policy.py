"""The `retrain` section of mltools.yaml: what is a reason to train again, how often, and who merges it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mltools.core.forge_words import Cron
from mltools.core.monitor.policy import Length
from mltools.core.stage_policy import StageName
from mltools.core.strict import Section

Trigger = Literal["drift", "data"]


def _once(words: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
    if len(set(words)) < len(words):
        raise ValueError("a word stands there twice")
    return words


class Retrain(Section):
    """When `mltools retrain` trains again, and what becomes of it. Read from the base branch."""

    schedule: Annotated[
        Cron | None,
        Field(
            description="cron expression (UTC): when the generated workflow looks whether to retrain; "
            "only by hand when absent",
        ),
    ] = None
    when: Annotated[
        tuple[Trigger, ...],
        Field(
            description="what is a reason: `drift` that the newest check of what serves found, `data` that are not "
            "those of the newest release"
        ),
        AfterValidator(_once),
    ] = ("drift", "data")
    drift: Annotated[
        Literal["advised", "drifted"],
        Field(
            description="which drift: where the check advises to retrain, or wherever its verdict is drifted"
        ),
    ] = "advised"
    stage: Annotated[
        StageName | None,
        Field(description="the stage whose checks count; those of any stage when absent"),
    ] = None
    every: Annotated[
        Length | None,
        Field(description="how old the newest release may become, such as `90d`; any age when absent"),
    ] = None
    cooldown_hours: Annotated[
        float, Field(ge=0, le=8_760, description="hours that must have passed since the last retraining")
    ] = 24.0
    budget: Annotated[
        int, Field(ge=1, le=1_000, description="how many retrainings there may be in 30 days")
    ] = 4
    merge: Annotated[
        Literal["never", "non-inferior"],
        Field(
            description="whether mltools merges by itself: `never`, or `non-inferior` where the verdict is passed "
            "and the regression and significance gates say that the model is not worse"
        ),
    ] = "never"
