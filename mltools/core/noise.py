"""The noise floor: how far a metric moves when nothing but the seed does."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mltools.core.metrics import Scalar, number
from mltools.errors import ConfigError

FEWEST = 2


class Spread(BaseModel):
    """One metric over the seeds; `sd` is the sample standard deviation (n - 1)."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)

    n: Annotated[int, Field(ge=FEWEST)]
    mean: float
    sd: Annotated[float, Field(ge=0)]
    minimum: float
    maximum: float


class Noise(BaseModel):
    """What a commit's pipeline gave under several seeds, each metric with its spread."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
    project: Annotated[str, Field(max_length=500)] = "."
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    param: Annotated[str, Field(max_length=500)]
    seeds: Annotated[tuple[int, ...], Field(min_length=FEWEST, max_length=1_000)]
    metrics: Annotated[dict[str, Spread], Field(max_length=20_000)]

    @property
    def floor(self) -> dict[str, float]:
        """The standard deviation of each metric, in its own unit."""
        return {name: spread.sd for name, spread in self.metrics.items()}

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def spreads(runs: Sequence[Mapping[str, Scalar]]) -> dict[str, Spread]:
    """The spread of every metric that is a number in each of the runs."""
    found: dict[str, Spread] = {}
    for name in runs[0] if runs else ():
        values = [value for run in runs if (value := number(run.get(name))) is not None]
        if len(values) < len(runs) or len(values) < FEWEST:
            continue
        found[name] = Spread(
            n=len(values),
            mean=statistics.mean(values),
            # In fractions: the rounding of a mean is no noise, and a change would be counted in multiples of it.
            sd=statistics.stdev(values),
            minimum=min(values),
            maximum=max(values),
        )
    return found


def seeds(current: Scalar, count: int) -> tuple[int, ...]:
    """Seeds to try: the ones after the current one, which the base itself has been trained with."""
    start = current if isinstance(current, int) and not isinstance(current, bool) else 0
    return tuple(range(start + 1, start + count + 1))


def parse_noise(tree: Any, name: str) -> Noise:
    """The noise floor in a JSON tree. Raises ConfigError naming the first field that is wrong."""
    try:
        return Noise.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"{name}: no noise floor: {where}: {first['msg']}") from error
