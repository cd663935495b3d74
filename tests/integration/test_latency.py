"""Latency: real models, saved and loaded, asked row by row."""

import os
from pathlib import Path

import pandas as pd
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from mltools.edges.latency import measure, quantile
from mltools.errors import DataError


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("iris")
    table = load_iris(as_frame=True).frame
    features = table.drop(columns="target")
    model = LogisticRegression(max_iter=500).fit(features, table["target"])
    skops.io.dump(model, directory / "model.skops")
    table.to_csv(directory / "test.csv", index=False)
    return directory / "model.skops", directory / "test.csv"


def test_each_row_is_asked_and_the_times_are_sorted(iris: tuple[Path, Path]) -> None:
    times = measure(*iris, environ=os.environ)
    assert len(times) == 150
    assert 0 < times[0] <= quantile(times, 0.5) <= quantile(times, 0.95) <= times[-1]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 2.0), (0.95, 4.0), (0.01, 1.0), (0.25, 1.0), (0.26, 2.0), (0.99, 4.0)]
)
def test_a_quantile_is_one_of_the_times(share: float, expected: float) -> None:
    assert quantile((1.0, 2.0, 3.0, 4.0), share) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [("a,b\n1,2\n", "lacks its features sepal length (cm)"), ("", "EmptyDataError")],
)
def test_rows_that_do_not_fit_the_model_are_told(
    iris: tuple[Path, Path], tmp_path: Path, content: str, said: str
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(content)
    with pytest.raises(DataError, match="its latency cannot be measured") as caught:
        measure(iris[0], rows, environ=os.environ)
    assert said in caught.value.message


def test_a_header_without_rows_is_told(iris: tuple[Path, Path], tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    pd.read_csv(iris[1]).head(0).to_csv(rows, index=False)
    with pytest.raises(DataError, match="holds no rows"):
        measure(iris[0], rows, environ=os.environ)


@pytest.mark.full
def test_what_may_be_loaded_is_what_may_be_served(iris: tuple[Path, Path], tmp_path: Path) -> None:
    table, model = pd.read_csv(iris[1]), tmp_path / "model.skops"
    features = table.drop(columns="target")
    skops.io.dump(KNeighborsClassifier().fit(features, table["target"]), model)
    with pytest.raises(DataError, match="types that nobody reviewed: sklearn") as caught:
        measure(model, iris[1], environ=os.environ)
    assert "serve.types" in caught.value.message
    types = skops.io.get_untrusted_types(file=model)
    assert measure(model, iris[1], environ=os.environ, types=types)
    skops.io.dump(RandomForestClassifier(2).fit(features, table["target"]), model)
    assert measure(model, iris[1], environ=os.environ)


def test_what_is_no_model_is_told(iris: tuple[Path, Path], tmp_path: Path) -> None:
    model = tmp_path / "model.skops"
    model.write_bytes(b"\x80\x04pickle")
    with pytest.raises(DataError, match=r"model\.skops: its latency cannot be measured"):
        measure(model, iris[1], environ=os.environ)


def test_a_file_that_is_not_there_is_named(iris: tuple[Path, Path], tmp_path: Path) -> None:
    model, rows = iris
    for args in ((tmp_path / "none.skops", rows), (model, tmp_path / "none.skops")):
        with pytest.raises(
            DataError, match=r"^none\.skops: no such file here, so no latency can be measured$"
        ):
            measure(*args, environ=os.environ)
