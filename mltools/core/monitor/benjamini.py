"""Benjamini and Hochberg's correction: of many columns, few of those that are called drifted are so by chance."""

from collections.abc import Mapping


def adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """The smallest share of false discoveries at which each would still be one.

    Y. Benjamini, Y. Hochberg, J. R. Statist. Soc. B 57 (1995) 289-300: the k-th smallest of m is multiplied by m / k, and
    none gets larger than one after it. Valid for independent and for positively dependent questions.
    """
    if not all(0 <= p <= 1 for p in p_values.values()):
        raise ValueError("p values lie between 0 and 1")
    found: dict[str, float] = {}
    reached, count = 1.0, len(p_values)
    for place, name in sorted(
        enumerate(sorted(p_values, key=lambda name: p_values[name]), start=1), reverse=True
    ):
        reached = min(reached, p_values[name] * count / place)
        found[name] = reached
    return {name: found[name] for name in p_values}
