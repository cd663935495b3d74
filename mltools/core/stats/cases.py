"""Targets and predictions as the numbers that a metric computes with: class codes, probabilities, values."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mltools.core.stats.columns import NUMBER, kind, numbers
from mltools.core.stats.paired import Side
from mltools.core.stats.values import Array, Undecided

# What a metric needs to know of a prediction: one of two classes, one of several, the probability of the positive class,
# that of what happened, a score that orders rows, or a number.
Uses = Literal["positive", "class", "probability", "chance", "ranking", "number"]
CUT = 0.5
TWO = 2
SEVERAL = (
    ", or a metric of several classes be gated: accuracy, balanced_accuracy, those on _macro, matthews, or with `scores` "
    "log_loss, brier, roc_auc and average_precision"
)
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One model's rows, ready to be counted. For classes `target` and `prediction` are codes from 0 to `classes` - 1.

    For the probabilities of several classes `prediction` is a table, rows by classes, and `target` the column of the class.
    """

    target: Array
    prediction: Array
    classes: int = 0

    @property
    def rows(self) -> int:
        return len(self.target)

    def take(self, chosen: Array | slice) -> "Case":
        """Some of the rows, under the same coding."""
        return Case(self.target[chosen], self.prediction[chosen], self.classes)


def prepared(uses: Uses, sides: tuple[Side, ...], positive: Any = None) -> tuple[Case, ...] | Undecided:
    """The sides' rows under one coding.

    `positive` is the value of the target that means "yes"; without it 1 is, and only in a target of 0 and 1 (or false and
    true). A class is taken from the labels, or from probabilities cut at one half where there are no labels.
    """
    if uses == "number":
        return _all(tuple(_number(side) for side in sides))
    if uses == "class" and all(side.label is not None for side in sides):
        return _classes(sides)
    if uses == "chance" and all(side.chances is not None for side in sides):
        return _all(tuple(map(_chance, sides)))
    if uses in {"probability", "ranking"} and all(_of_several(side) for side in sides):
        return _all(tuple(map(_table, sides)))
    truths = _truths(sides, positive)
    if isinstance(truths, Undecided):
        return truths
    if uses in {"probability", "chance", "ranking"}:
        bounded = uses != "ranking"
        return _all(
            tuple(_scored(side, truth, bounded=bounded) for side, truth in zip(sides, truths, strict=True))
        )
    return _all(tuple(_positive(side, truth, positive) for side, truth in zip(sides, truths, strict=True)))


def _truths(sides: tuple[Side, ...], positive: Any) -> tuple[Array, ...] | Undecided:
    """Whether each row is of the positive class."""
    values = np.unique(np.concatenate([side.target for side in sides]))
    if positive is not None:
        if kind(values) != kind(np.asarray([positive])) or positive not in values:
            return Undecided(f"no target is {positive!r}, which should be the positive class")
        return tuple((side.target == positive).astype(np.int64) for side in sides)
    if kind(values) != NUMBER or not np.isin(values, (0, 1)).all():
        told = f"the target is not 0 or 1 but {_some(values)}: the positive class must be named (`positive`)"
        return Undecided(told + (SEVERAL if len(values) > TWO else ""))
    return tuple(side.target.astype(np.int64) for side in sides)


def _some(values: Array) -> str:
    shown = [str(value)[:30] for value in values[:SHOWN]]
    return ", ".join([*shown, "..."] if len(values) > SHOWN else shown)


def _chance(side: Side) -> Case | Undecided:
    """What happened is class 1, whatever it is called."""
    given = side.target if side.chances is None else side.chances.of(side.target)
    return given if isinstance(given, Undecided) else Case(np.ones(side.rows, dtype=np.int64), given)


def _of_several(side: Side) -> bool:
    return side.chances is not None and len(side.chances.classes) > TWO


def _table(side: Side) -> Case | Undecided:
    assert side.chances is not None  # noqa: S101 - asked before
    places = side.chances.places(side.target)
    return places if isinstance(places, Undecided) else Case(places, side.chances.values)


def _positive(side: Side, truth: Array, positive: Any) -> Case | Undecided:
    """Rows of two classes: 1 is the positive one, 0 everything else."""
    if side.label is None:
        scored = _scored(side, truth, bounded=True)
        if isinstance(scored, Undecided):
            return scored
        return Case(truth, (scored.prediction >= CUT).astype(np.int64), 2)
    said = 1 if positive is None else positive
    if kind(side.label) != kind(np.asarray([said])):
        return Undecided(f"the predicted class holds {kind(side.label)}, the target {kind(side.target)}")
    if positive is None and not np.isin(side.label, (0, 1)).all():
        return Undecided("the target is 0 or 1, but the predicted class is not")
    return Case(truth, (side.label == said).astype(np.int64), 2)


def _classes(sides: tuple[Side, ...]) -> tuple[Case, ...] | Undecided:
    """Rows of several classes, coded in their order."""
    parts: list[Array] = []
    for side in sides:
        if side.label is None:
            return Undecided("there is no column of predicted classes")
        if kind(side.label) != kind(side.target):
            return Undecided(f"the predicted class holds {kind(side.label)}, the target {kind(side.target)}")
        parts += [side.target, side.label]
    if len({kind(part) for part in parts}) > 1:
        return Undecided("the classes are numbers on one side and text on the other")
    names, codes = np.unique(np.concatenate(parts), return_inverse=True)
    cuts = np.cumsum([len(part) for part in parts])[:-1]
    coded = np.split(codes.astype(np.int64), cuts)
    return tuple(
        Case(target, label, len(names)) for target, label in zip(coded[::2], coded[1::2], strict=True)
    )


def _scored(side: Side, truth: Array, *, bounded: bool) -> Case | Undecided:
    if side.score is None:
        return Undecided("there is no column of scores")
    score = numbers(side.score, "the score")
    if isinstance(score, Undecided):
        return score
    if bounded and (score.min() < 0 or score.max() > 1):
        return Undecided(
            f"the scores run from {score.min():.4g} to {score.max():.4g}, so they are no probabilities"
        )
    return Case(truth, score)


def _number(side: Side) -> Case | Undecided:
    target = numbers(side.target, "the target")
    if isinstance(target, Undecided):
        return target
    given = side.score if side.score is not None else side.label
    if given is None:
        return Undecided("there is no prediction")
    prediction = numbers(given, "the prediction")
    return prediction if isinstance(prediction, Undecided) else Case(target, prediction)


def _all(cases: tuple[Case | Undecided, ...]) -> tuple[Case, ...] | Undecided:
    """The cases, or the first reason why there are none."""
    known: list[Case] = []
    for case in cases:
        if isinstance(case, Undecided):
            return case
        known.append(case)
    return tuple(known)
