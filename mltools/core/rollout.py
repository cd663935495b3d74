"""A version tried on a part of the requests: how it goes on, decided on what was counted so far, at any time.

Each look may be the last. The intervals hold for all looks together, so a wrong promotion or a wrong abort has a chance of
at most `alpha` however often somebody looks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mltools.core.moments import age
from mltools.core.stats.sequential import Counts, difference
from mltools.errors import ConfigError

MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """How a version is tried. A step of share 0 is a shadow: it answers beside, and to nobody.

    `pause` is the least time of a step, `longest` that of the last one, in seconds. Margins are differences of shares that
    do not matter: of failed requests, of requests slower than `milliseconds`, of wrong answers where labels come.
    """

    steps: tuple[float, ...] = (0.1,)
    pause: float = 600.0
    longest: float = 86_400.0
    errors: float = 0.01
    slow: float = 0.05
    milliseconds: float | None = None
    quality: float = 0.02
    alpha: float = 0.05

    def as_json(self) -> dict[str, Any]:
        """The trial as a JSON tree."""
        return {**asdict(self), "steps": list(self.steps)}


class Verdict(StrEnum):
    """What is to be done."""

    WAIT = "wait"
    ADVANCE = "advance"
    PROMOTE = "promote"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Arm:
    """What was counted of an arm."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    labelled: int = 0
    wrong: int = 0

    def plus(self, other: "Arm") -> "Arm":
        """Both together."""
        return Arm(*(getattr(self, name) + getattr(other, name) for name in _COUNTS))


_COUNTS = ("requests", "errors", "slow", "labelled", "wrong")


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that was compared: by how much the new version's share may be larger, and may be without harm."""

    name: str
    stable: Counts
    canary: Counts
    low: float
    high: float
    margin: float

    @property
    def worse(self) -> bool:
        """Whether it is shown to be worse by more than the margin."""
        return self.low > self.margin

    @property
    def fine(self) -> bool:
        """Whether it is shown not to be."""
        return self.high < self.margin

    @property
    def sentence(self) -> str:
        """The finding in words."""
        word = "worse" if self.worse else "no worse" if self.fine else "open"
        return (
            f"{self.name}: {_told(self.canary)} against {_told(self.stable)}, difference {self.low:+.4f} to "
            f"{self.high:+.4f}, allowed {self.margin:+g}: {word}"
        )

    def as_json(self) -> dict[str, Any]:
        """The evidence as a JSON tree."""
        return {**asdict(self), "worse": self.worse, "fine": self.fine}


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, why, and by what evidence."""

    verdict: Verdict
    reason: str
    evidence: tuple[Compared, ...] = ()


def decide(trial: Trial, step: int, seconds: float, stable: Arm, canary: Arm) -> Decision:
    """How a trial goes on whose present step, by its index, began so many seconds ago."""
    found = tuple(compare(trial, stable, canary, shadow=trial.steps[step] == 0))
    worse = [one for one in found if one.worse]
    if worse:
        return Decision(Verdict.ABORT, worse[0].sentence, found)
    if seconds < trial.pause:
        return Decision(Verdict.WAIT, "the step's pause is not over", found)
    if step + 1 < len(trial.steps):
        return Decision(Verdict.ADVANCE, "nothing is shown to be worse", found)
    # With a shadow alone nobody was ever answered, but its errors are known.
    unsure = [one for one in found if not one.fine]
    if not unsure:
        return Decision(Verdict.PROMOTE, "; ".join(one.sentence for one in found), found)
    if seconds >= trial.longest:
        return Decision(Verdict.ABORT, f"not shown in time to be as good: {unsure[0].sentence}", found)
    return Decision(Verdict.WAIT, unsure[0].sentence, found)


def compare(trial: Trial, stable: Arm, canary: Arm, *, shadow: bool = False) -> Iterator[Compared]:
    """Errors; latency where a time is named (not of a shadow, which runs beside); quality where both arms have labels."""
    pairs: list[tuple[str, Counts, Counts, float]] = [
        (
            "failed requests",
            Counts(stable.errors, stable.requests),
            Counts(canary.errors, canary.requests),
            trial.errors,
        )
    ]
    if trial.milliseconds is not None and not shadow:
        told = f"requests slower than {trial.milliseconds:g} ms"
        slow = (Counts(stable.slow, stable.requests), Counts(canary.slow, canary.requests))
        pairs.append((told, *slow, trial.slow))
    if stable.labelled and canary.labelled:
        wrong = (Counts(stable.wrong, stable.labelled), Counts(canary.wrong, canary.labelled))
        pairs.append(("wrong answers", *wrong, trial.quality))
    # Errors, latency and quality share alpha, whether or not all are there yet: a later one must not change the others.
    for name, before, after, margin in pairs:
        low, high = difference(after, before, alpha=trial.alpha / 3)
        yield Compared(name, before, after, low, high, margin)


def trial_of(tree: Mapping[str, Any]) -> Trial:
    """The trial in an event. Raises ConfigError naming what is wrong with it."""
    try:
        steps = tuple(float(step) for step in tree["steps"])
        numbers = {
            name: float(tree[name]) for name in ("pause", "longest", "errors", "slow", "quality", "alpha")
        }
        milliseconds = tree.get("milliseconds")
        found = Trial(steps, **numbers, milliseconds=None if milliseconds is None else float(milliseconds))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the trial cannot be read: {error!r}") from error
    return checked(found)


def checked(trial: Trial) -> Trial:
    """The trial. Raises ConfigError where it cannot be carried out."""
    steps = trial.steps
    if not steps or len(steps) > MOST_STEPS or not all(0 <= step <= 1 for step in steps):
        raise ConfigError(
            f"the steps of a trial are 1 to {MOST_STEPS} shares from 0% to 100%, not {_spoken(steps)}"
        )
    if list(steps) != sorted(set(steps)):
        raise ConfigError(f"each step of a trial is larger than the one before, not {_spoken(steps)}")
    if not 0 < trial.alpha < 1 or not all(0 < one < 1 for one in (trial.errors, trial.slow, trial.quality)):
        raise ConfigError("alpha and the margins of a trial lie between 0 and 1")
    if not 0 <= trial.pause <= trial.longest < float("inf"):
        raise ConfigError("the longest time of a trial is shorter than its pause")
    if trial.milliseconds is not None and not 0 < trial.milliseconds < float("inf"):
        raise ConfigError("the milliseconds of a trial are no time")
    return trial


def _spoken(steps: Sequence[float]) -> str:
    return ", ".join(f"{100 * step:g}%" for step in steps) or "none"


def share_of(text: str) -> float:
    """A share such as `10%` or `0.1`. Raises ConfigError."""
    try:
        return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no share such as 10%") from error


def steps_of(shares: Sequence[str], *, shadow: bool) -> tuple[float, ...]:
    """The steps that are asked for in words: the shadow first, 10% where nothing is said. Raises ConfigError."""
    steps = tuple(share_of(text) for text in shares or ("10%",))
    return (0.0, *steps) if shadow else steps


def seconds_of(text: str) -> float:
    """A length of time such as `90s`, `10m`, `2h` or `1d`. Raises ConfigError."""
    try:
        return float(text[:-1]) if text.endswith("s") else age(text).total_seconds()
    except ValueError as error:
        raise ConfigError(f"{text!r} is no length of time such as 90s, 10m, 2h or 1d") from error


def counted(tally: Mapping[str, Any]) -> Arm:
    """What counters say of an arm; anything that is no count is none."""
    values = [tally.get(name) for name in _COUNTS]
    return Arm(*(value if type(value) is int and value >= 0 else 0 for value in values))


def _told(counts: Counts) -> str:
    return f"{counts.hits:,} of {counts.trials:,}"
