"""The `monitor` section of mltools.yaml: what counts as drift, what a service must keep, how long it may last."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mltools.core import urls
from mltools.core.forge_words import Cron, Runner
from mltools.core.moments import AGE, age
from mltools.core.stage_policy import StageName
from mltools.core.strict import Section


def _age(text: str) -> str:
    age(text)
    return text


def _place(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{text!r} is no directory and no address")
    return urls.checked(text) if urls.is_url(text) else text


Length = Annotated[str, Field(strict=True, json_schema_extra={"pattern": AGE}), AfterValidator(_age)]
LogPlace = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_place)]
Share = Annotated[float, Field(ge=0, le=1)]


class Persistence(Section):
    """How often drift must be seen before it counts, so that a single odd day is no alarm."""

    windows: Annotated[int, Field(ge=1, le=50, description="in so many windows")] = 2
    of: Annotated[
        int, Field(ge=1, le=50, description="out of so many, the one that is checked being the last")
    ] = 3

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.windows > self.of:
            raise ValueError(f"windows: {self.windows} of the last {self.of} can never be")
        return self


class Drift(Section):
    """How far a column must have moved. Beside that it must be beyond chance (`alpha`)."""

    moderate: Annotated[
        float, Field(gt=0, le=10, description="population stability index from which on it is watched")
    ] = 0.1
    large: Annotated[float, Field(gt=0, le=10, description="index from which on it is drift")] = 0.25
    missing: Annotated[
        Share,
        Field(
            description="by how much the share of rows without a value may rise before it is watched; four times that is drift"
        ),
    ] = 0.05
    least_weight: Annotated[
        Share,
        Field(
            description="share of the model's permutation importance that drifted features must have together, at most "
            "half of an even share; below it they are watched only"
        ),
    ] = 0.05
    ignore: Annotated[
        tuple[str, ...], Field(max_length=1_000, description="features that are not compared")
    ] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.moderate > self.large:
            raise ValueError(f"moderate: {self.moderate} is above large: {self.large}")
        return self


class Latency(Section):
    """How quick answers must be."""

    milliseconds: Annotated[float, Field(gt=0, description="within this time")]
    share: Annotated[float, Field(gt=0, lt=1, description="so many of the requests are answered")] = 0.99


class Quality(Section):
    """What the model must keep, judged where labels are there."""

    metric: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="a metric that can be computed from predictions, such as accuracy, roc_auc, f1 or mae",
        ),
    ]
    min: Annotated[float | None, Field(description="drift where the whole interval lies below")] = None
    max: Annotated[float | None, Field(description="drift where the whole interval lies above")] = None
    margin: Annotated[
        float,
        Field(ge=0, description="how much worse than at the release does not matter, in the metric's unit"),
    ] = 0.02


class Monitor(Section):
    """What `mltools monitor check` holds against what serves."""

    log: Annotated[
        LogPlace | None,
        Field(
            description="where the request log is, when `--log` does not say: a directory, seen from the project's, or an "
            "address such as `s3://bucket/log`, read with DVC's settings for that bucket",
        ),
    ] = None
    stage: Annotated[
        StageName | None,
        Field(description="the stage that the generated workflow checks; the newest release when absent"),
    ] = None
    schedule: Annotated[
        Cron | None,
        Field(
            description="cron expression (UTC): when the generated workflow checks; no workflow when absent"
        ),
    ] = None
    runner: Annotated[
        Runner | None,
        Field(
            description="label of the runner that reads the log, such as one that stands where the log is; `ci.runner` "
            "when absent",
        ),
    ] = None
    window: Annotated[Length, Field(description="how far back one check looks: `90m`, `24h`, `7d`")] = "24h"
    min_rows: Annotated[
        int, Field(ge=20, le=1_000_000, description="rows below which nothing is said about drift")
    ] = 100
    alpha: Annotated[
        float,
        Field(
            gt=0,
            le=0.2,
            description="the share of false alarms among the features that are called drifted (Benjamini-Hochberg), and how "
            "often chance alone may show a loss of quality or a missed objective",
        ),
    ] = 0.01
    persistence: Persistence = Persistence()
    drift: Drift = Drift()
    importance: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            description="file of the pipeline with the permutation importance: a JSON list of {feature, importance, sd}",
        ),
    ] = "reports/importance.json"
    positive: Annotated[
        int | float | str | bool | None,
        Field(
            description="the class that the predictions file calls 1; `data.positive` of params.yaml when absent"
        ),
    ] = None
    errors: Annotated[Share | None, Field(description="largest share of requests that may fail")] = 0.01
    invalid: Annotated[
        Share | None, Field(description="largest share of rows that may break the input contract")
    ] = 0.01
    latency: Annotated[
        Latency | None, Field(description="how quick answers must be; not judged when absent")
    ] = None
    quality: Annotated[
        tuple[Quality, ...],
        Field(
            max_length=20,
            description="what labels are held against; accuracy, or mae for numbers, when absent",
        ),
    ] = ()
    issue: Annotated[
        Literal["never", "drifted", "watch"],
        Field(description="from which verdict on `--alert` opens an issue on the forge"),
    ] = "drifted"

    @model_validator(mode="after")
    def _has_log(self) -> Self:
        if self.schedule is not None and self.log is None:
            raise ValueError("'schedule' needs 'log': a workflow must know where the request log is")
        return self
