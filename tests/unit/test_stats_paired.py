"""Joining two sets of predictions: by id, in an order of its own, and never guessing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mltools.core.stats.paired import Paired, Predictions, Unpaired, join
from mltools.core.stats.values import Undecided

BASE = Predictions(
    ids=[3, 1, 2, 4],
    target=[0, 1, 0, 1],
    label=[0, 1, 1, 1],
    score=[0.1, 0.9, 0.6, 0.8],
    group=["x", "x", "y", "y"],
)
HEAD = Predictions(ids=[5, 4, 3, 2], target=[1, 1, 0, 0], label=[0, 0, 0, 0], score=[0.2, 0.3, 0.4, 0.1])


def joined(base: Predictions, head: Predictions) -> Paired:
    found = join(base, head)
    assert isinstance(found, Paired), found
    return found


def reason(base: Predictions, head: Predictions) -> str:
    found = join(base, head)
    assert isinstance(found, Undecided), found
    return found.reason


def test_rows_that_both_have_are_paired_in_the_order_of_their_ids() -> None:
    found = joined(BASE, HEAD)
    assert found.rows == 3
    assert found.base.score is not None
    assert found.base.score.tolist() == [0.6, 0.1, 0.8]
    assert found.head.score is not None
    assert found.head.score.tolist() == [0.1, 0.4, 0.3]
    assert found.head.target.tolist() == [0, 0, 1]
    assert (found.only_base, found.only_head, found.changed_targets) == (1, 1, 0)
    assert found.head.group is not None
    assert found.head.group.tolist() == [1, 0, 1]  # y, x, y


def test_the_order_of_the_files_does_not_matter() -> None:
    order = [2, 0, 3, 1]
    ids, target, label, score, group = (
        [column[place] for place in order]
        for column in (BASE.ids, BASE.target, BASE.label or [], BASE.score or [], BASE.group or [])
    )
    shuffled = Predictions(ids, target, label, score, group)
    first, second = joined(BASE, HEAD), joined(shuffled, HEAD)
    assert first.base.score is not None
    assert second.base.score is not None
    assert first.base.score.tolist() == second.base.score.tolist()


def test_a_corrected_truth_counts_for_both_models() -> None:
    found = joined(BASE, replace(HEAD, target=[1, 0, 0, 0]))
    assert found.changed_targets == 1
    assert found.base.target.tolist() == found.head.target.tolist() == [0, 0, 0]


def test_text_ids_and_arrays_are_joined_too() -> None:
    ids = np.array(["a", "b", "c"], dtype=object)
    base = Predictions(ids, np.array([0, 1, 1]), score=np.array([0.1, 0.2, 0.3]))
    head = Predictions(["c", "b", "a"], [1, 1, 0], score=[3.0, 2.0, 1.0])
    found = joined(base, head)
    assert found.head.score is not None
    assert found.head.score.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ids": [1, 2, 2, 4]}, "head has an id more than once: '2'"),
        ({"ids": [1, None, 2, 4]}, "the id is missing in 1 row of head"),
        ({"ids": np.array([1.0, np.nan, np.nan, 4.0])}, "the id is missing in 2 rows of head"),
        ({"ids": np.ma.MaskedArray([1, 2, 3, 4], mask=[True, False, False, False])}, "the id is missing in 1 row of head"),
        ({"ids": ["5", "4", "3", "2"]}, "the ids are int in base and str in head"),
        ({"ids": [5.0, 4.0, 3.0, 2.0]}, "the ids are int in base and float in head"),
        ({"ids": [5, "4", 3, 2]}, "the ids of head mix types: int, str"),
        ({"ids": [5, 4, 3]}, "head has 3 ids for 4 rows"),
        ({"score": [0.1, float("nan"), 0.2, 0.3]}, "score of head is missing in 1 row"),
        ({"score": np.array([0.1, np.inf, -np.inf, 0.3])}, "score of head is infinite in 2 rows"),
        ({"score": np.ma.MaskedArray([0.1, 0.2, 0.3, 0.4], mask=[False, True, True, True])}, "score of head is missing in 3 rows"),
        ({"score": ["0.1", "0.2", "0.3", "0.4"]}, "the score holds numbers in base and text in head"),
        ({"score": [0.1, 0.2]}, "the columns of head differ in length: target 4, label 4, score 2"),
        ({"target": [1, None, 0, 0]}, "target of head is missing in 1 row"),
        ({"target": ["1", "0", "0", "0"]}, "the target holds numbers in base and text in head"),
        ({"target": [1, "0", 0, 0]}, "target of head is neither a column of numbers nor of text"),
        ({"target": [(1,), (0,), (0,), (0,)]}, "target of head is neither a column of numbers nor of text"),
        ({"label": None, "score": None}, "head has neither a predicted class nor a score"),
        ({"ids": [], "target": [], "label": [], "score": []}, "head has no rows"),
        ({"group": [1, "x", "y", "y"]}, "group of head mixes types"),
        ({"target": [1, 10**400, 0, 0]}, "target of head holds a number too large to compute with"),
        ({"label": ["a", "b", "c" * 1_000, "d"]}, "label of head holds text of more than 200 characters"),
        ({"group": [None, "x", "y", "y"]}, "group of head is missing in 1 row"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_trusted_are_refused(change: dict[str, Any], why: str) -> None:
    assert why in reason(BASE, replace(HEAD, **change))


def test_test_sets_with_little_in_common_are_not_paired() -> None:
    few = replace(HEAD, ids=[50, 40, 30, 2])
    found = join(BASE, few)
    assert isinstance(found, Unpaired)
    assert found.reason == "the test sets share 1 of 4 rows (base) and 4 (head)"
    assert found.base.rows == found.head.rows == 4
    none = join(BASE, replace(HEAD, ids=[50, 40, 30, 20]))
    assert isinstance(none, Unpaired)
    assert none.reason == "the test sets have no row in common"


def test_a_small_remnant_of_a_large_test_set_is_no_pairing() -> None:
    large = Predictions(ids=range(100), target=[0, 1] * 50, score=[0.5] * 100)
    assert isinstance(join(large, replace(large, ids=range(60, 160))), Unpaired)
    assert isinstance(join(large, replace(large, ids=range(40, 140))), Paired)


def test_many_rows_are_joined() -> None:
    count = 200_000
    ids = np.random.default_rng(1).permutation(count)
    side = Predictions(ids, np.zeros(count), score=ids.astype(float))
    found = joined(side, side)
    assert found.head.score is not None
    assert (found.head.score == np.arange(count)).all()
