"""Holm's correction: several questions at once, and still at most one chance in twenty of any false alarm."""

from collections.abc import Mapping, Sequence

from mltools.core.stats.values import Array


def adjusted(p_values: Sequence[float] | Array) -> tuple[float, ...]:
    """The p values as if each question had been the only one, in the order given.

    S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70: the k-th smallest of m is multiplied by m - k + 1, and
    none gets smaller than one before it. Valid whatever the dependence between the questions.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("p values lie between 0 and 1")
    found = [0.0] * len(p_values)
    reached = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        reached = max(reached, min(1.0, (len(p_values) - place) * float(p_values[index])))
        found[index] = reached
    return tuple(found)


def by_name(p_values: Mapping[str, float]) -> dict[str, float]:
    """The same by name."""
    return dict(zip(p_values, adjusted(list(p_values.values())), strict=True))
