"""Gates applied to the facts of a run."""

from collections.abc import Sequence
from difflib import get_close_matches

from mltools.core.gates import Facts, Gate
from mltools.core.verdict import Verdict
from mltools.errors import ConfigError


def judge(gates: Sequence[Gate], facts: Facts, *, file: str) -> tuple[Verdict, ...]:
    """The verdict of each gate, in their order. Raises ConfigError as `refuse_unknown` does."""
    refuse_unknown(gates, facts, file=file)
    return tuple(gate.evaluate(facts) for gate in gates)


def refuse_unknown(gates: Sequence[Gate], facts: Facts, *, file: str) -> None:
    """Raise ConfigError for gates over what neither side has: one that can never decide guards nothing."""
    unknown = [
        f"{file}: gate {gate.name!r}: no metrics file holds {metric!r}{_nearest(metric, facts)}"
        for gate in gates
        for metric in gate.metrics
        if not _known(metric, facts)
    ]
    others = [f"{file}: gate {gate.name!r}: {problem}" for gate in gates for problem in gate.problems(facts)]
    if problems := [*unknown, *others]:
        raise ConfigError(
            "\n".join(problems),
            problems=problems,
            hint="metrics are read from the files that dvc.yaml lists under `metrics`" if unknown else None,
        )


def _known(metric: str, facts: Facts) -> bool:
    key = metric.rpartition(":")[2]
    return any(name in values for name in (metric, key) for values in (facts.metrics, facts.base or {}))


def _nearest(metric: str, facts: Facts) -> str:
    names = list(dict.fromkeys([*facts.metrics, *(facts.base or {})]))
    close = get_close_matches(metric, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(names[:8])}" if names else "; there are no metrics at all"
