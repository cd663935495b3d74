"""What the gates over a change of a metric against the base have in common."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from mltools.core.gates.base import Better, Facts, MetricGate
from mltools.core.metrics import lookup, number
from mltools.core.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A metric on both sides: `gain` is how much better it became, `margin` what counts, both in its own unit."""

    value: float
    base: float
    gain: float
    margin: float

    @property
    def went(self) -> str:
        """Such as "went from 0.9 to 0.91"."""
        same = self.value == self.base
        return f"unchanged at {self.value:.6g}" if same else f"went from {self.base:.6g} to {self.value:.6g}"

    @property
    def rounding(self) -> float:
        """What rounding alone may add to a difference of two doubles; a change of exactly the margin passes."""
        return 4 * 2.0**-52 * max(abs(self.value), abs(self.base))


class ChangeGate(MetricGate):
    """Options of a gate over a change. The margin is absolute, a fraction of the base, or a multiple of the noise."""

    better: Annotated[Better, Field(description="which direction is good")]
    margin: Annotated[
        float, Field(ge=0, description="the size of a change that counts, in the metric's unit")
    ] = 0.0
    relative: Annotated[bool, Field(description="the margin is a fraction of the base's value")] = False
    noise: Annotated[
        float | None,
        Field(
            gt=0,
            le=100,
            description="instead of `margin`: so many standard deviations of the metric between seeds, "
            "as `mltools noise` measured them",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_margin(self) -> Self:
        if self.noise is not None and (self.margin or self.relative):
            raise ValueError("'noise' is a margin of its own; leave out 'margin' and 'relative'")
        return self

    def change(self, kind: str, facts: Facts) -> Change | Verdict:
        """The change, or the verdict where there is none to judge."""
        if facts.unreadable is not None:
            return self.verdict(kind, Outcome.UNDECIDED, facts.unreadable)
        if facts.base is None:
            return self.verdict(kind, Outcome.SKIPPED, "no base yet")
        raw, raw_base = lookup(facts.metrics, self.metric), lookup(facts.base, self.metric)
        value, base = number(raw), number(raw_base)
        if value is None or base is None:
            side, given = ("this run", raw) if value is None else ("the base", raw_base)
            what = (
                f"{self.metric} is {given!r} in {side}, which is not a number"
                if given is not None
                else f"{side} has no metric {self.metric}"
            )
            return self.verdict(kind, Outcome.UNDECIDED, what, value=value, base=base)
        margin = self._margin(base, facts)
        if margin is None:
            what = f"the noise of {self.metric} is not known; `mltools noise --repeats 5` on the base measures it"
            return self.verdict(kind, Outcome.UNDECIDED, what, value=value, base=base)
        gain = value - base if self.better == "higher" else base - value
        return Change(value, base, gain, margin)

    def evidence(self, change: Change, facts: Facts) -> dict[str, Any]:
        found: dict[str, Any] = {
            "value": change.value,
            "base": change.base,
            "change": change.value - change.base,
            "allowed": change.margin,
            "better": self.better,
        }
        if self.noise is not None:
            found |= {"noise": facts.noise.get(self.metric), "multiple": self.noise}
        return found

    def _margin(self, base: float, facts: Facts) -> float | None:
        if self.noise is not None:
            spread = facts.noise.get(self.metric)
            return None if spread is None else self.noise * spread
        return self.margin * abs(base) if self.relative else self.margin
