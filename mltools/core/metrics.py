"""Metrics and params as flat mappings of dotted keys to scalars."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Scalar = int | float | str | bool | None


def flatten(tree: Any, prefix: str = "") -> dict[str, Scalar]:
    """A nested document as dotted keys; items of lists are numbered."""
    return dict(_leaves(tree, prefix))


def merge(files: Mapping[str, Mapping[str, Scalar]]) -> dict[str, Scalar]:
    """The values of several files under one name each: the dotted key, `FILE:key` where two files hold that key."""
    counts = Counter(key for values in files.values() for key in values)
    return {
        key if counts[key] == 1 else f"{path}:{key}": value
        for path, values in files.items()
        for key, value in values.items()
    }


def lookup(values: Mapping[str, Scalar], name: str) -> Scalar:
    """The value a gate names, also by `FILE:key` where the key alone is unique; None when there is none."""
    if name in values:
        return values[name]
    _, _, key = name.rpartition(":")
    return values.get(key) if key != name else None


def renamed(values: Mapping[str, Scalar], names: Mapping[str, str]) -> dict[str, Scalar]:
    """The values with old names replaced; `names` maps a new name to its old one."""
    new = {old: name for name, old in names.items() if name not in values}
    return {new.get(key, key): value for key, value in values.items()}


def under_both(values: Mapping[str, Scalar], names: Mapping[str, str]) -> dict[str, Scalar]:
    """The values, those with a new name also under the old one, which the base's gates know."""
    old = {old: values[name] for name, old in names.items() if name in values and old not in values}
    return {**values, **old}


def number(value: Scalar) -> float | None:
    """The value as a finite number; None for everything else, booleans and numeric text included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond what a double holds
        return None


def shown(value: Scalar) -> str:
    """A metric or param as people read it: six significant digits."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "\N{EN DASH}"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def not_finite(values: Mapping[str, Scalar]) -> tuple[str, ...]:
    """The names of metrics that are NaN or infinite."""
    return tuple(
        key for key, value in values.items() if isinstance(value, float) and not math.isfinite(value)
    )


def _leaves(tree: Any, prefix: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from _leaves(value, f"{prefix}.{index}" if prefix else str(index))
    elif prefix:
        yield prefix, tree if isinstance(tree, int | float | str | bool | None) else str(tree)
