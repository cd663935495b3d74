"""Contracts inferred from public data sets: the next batch passes, faults are caught."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from mltools.core.contract import Contract
from mltools.core.inference import infer_contract
from mltools.core.records import DataSet
from mltools.edges import tables
from mltools.edges.tables.observing import observe

SETS = ("iris", "wine", "breast_cancer", "diabetes", "digits")


def load(name: str) -> pd.DataFrame:
    """A data set with its classes by name, as a person would keep them."""
    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame
    if name != "diabetes":
        frame["target"] = [f"class {bunch.target_names[value]}" for value in frame["target"]]
    return frame


def contract(frame: pd.DataFrame, path: Path) -> Contract:
    frame.to_csv(path, index=False)
    return infer_contract(observe(path, path.name)).contract


def check(frame: pd.DataFrame, rules: Contract, path: Path) -> DataSet:
    frame.to_csv(path, index=False)
    return tables.check(path, rules, name=path.name, examples=0)


def caught(data: DataSet) -> set[str | None]:
    return {violation.column for violation in data.violations}


@pytest.mark.parametrize("name", SETS)
def test_the_other_half_of_the_data_passes_but_for_single_rows(name: str, tmp_path: Path) -> None:
    frame = load(name).sample(frac=1, random_state=1)
    half = len(frame) // 2
    rules = contract(frame[:half], tmp_path / "seen.csv")
    found = check(frame[half:], rules, tmp_path / "next.csv")
    # Digits has pixels that are blank in nearly all pictures: one that was always 0 may not be in the other half.
    assert sum(violation.count for violation in found.violations) <= 0.01 * half, found.violations
    assert len(found.violations) <= 0.05 * len(frame.columns), found.violations


@pytest.mark.parametrize("name", SETS)
def test_a_resample_with_noise_passes(name: str, tmp_path: Path) -> None:
    frame = load(name)
    rules = contract(frame, tmp_path / "seen.csv")
    random = np.random.default_rng(2)
    batch = frame.sample(n=len(frame), replace=True, random_state=2)
    for column in batch.select_dtypes("float"):
        values = batch[column]
        if not (values % 1 == 0).all():  # counts, such as those of digits, are no measurements
            noise = random.normal(0, 0.01 * values.std(), len(values))
            # Noise makes nothing negative that cannot be, such as a length.
            batch[column] = np.where(values >= 0, np.maximum(values + noise, 0), values + noise)
    assert check(batch, rules, tmp_path / "next.csv").violations == ()


@pytest.mark.parametrize("name", SETS)
def test_values_in_another_unit_are_caught_in_every_column_that_varies(name: str, tmp_path: Path) -> None:
    frame = load(name)
    rules = contract(frame, tmp_path / "seen.csv")
    numbers = [str(column) for column in frame.select_dtypes("number") if frame[column].std() > 0]
    scaled = frame.assign(**{column: frame[column] * 1000 for column in numbers})
    assert caught(check(scaled, rules, tmp_path / "next.csv")) == set(numbers)


@pytest.mark.parametrize("name", SETS)
def test_a_burst_of_gaps_is_caught_in_every_column(name: str, tmp_path: Path) -> None:
    frame = load(name)
    rules = contract(frame, tmp_path / "seen.csv")
    holes = frame.astype(object).mask(np.random.default_rng(3).random(frame.shape) < 0.2)
    assert caught(check(holes, rules, tmp_path / "next.csv")) == set(frame.columns)


@pytest.mark.parametrize("name", [name for name in SETS if name != "diabetes"])
def test_a_new_class_is_caught(name: str, tmp_path: Path) -> None:
    frame = load(name)
    rules = contract(frame, tmp_path / "seen.csv")
    assert rules.columns["target"].type == "category"
    frame.loc[frame.index[5], "target"] = "class of its own"
    found = check(frame, rules, tmp_path / "next.csv")
    assert [(item.column, item.rule, item.count) for item in found.violations] == [("target", "enum", 1)]


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("iris", "sepal length (cm)", "petal width (cm)"),
        ("wine", "alcohol", "proline"),
        ("breast_cancer", "mean radius", "mean area"),
        ("breast_cancer", "worst smoothness", "worst perimeter"),
        ("diabetes", "s6", "target"),
    ],
)
def test_swapped_columns_are_caught(name: str, one: str, other: str, tmp_path: Path) -> None:
    frame = load(name)
    rules = contract(frame, tmp_path / "seen.csv")
    swapped = frame.rename(columns={one: other, other: one})
    assert caught(check(swapped, rules, tmp_path / "next.csv")) == {one, other}
