"""Plots: what dvc.yaml declares, what rows become, what a record may hold of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.pipeline import parse_pipeline
from mltools.core.plots import Bars, Curves, Line, Matrix, written
from mltools.core.plotting import Rows, Unsuited, evenly, plot_of, thinned
from mltools.core.records import parse_record
from mltools.core.stages import PlotSpec
from mltools.errors import ConfigError
from tests import reports


def specs(plots: Any, stages: Any = None) -> tuple[PlotSpec, ...]:
    return parse_pipeline({"stages": stages or {}, "plots": plots}).drawn


def plot(rows: Rows, **options: Any) -> Any:
    (spec,) = specs([{"p.csv": options}])
    return plot_of(spec, {"p.csv": rows})


def test_a_plot_may_be_a_file_alone() -> None:
    assert specs(["a.csv", "plots/"]) == (PlotSpec((("a.csv", ()),)), PlotSpec((("plots", ()),)))


def test_a_plot_says_its_columns_its_template_and_its_words() -> None:
    options = {"x": "fpr", "y": "tpr", "template": "linear", "title": "ROC", "x_label": "a", "y_label": "b"}
    assert specs([{"./roc.csv": options}]) == (
        PlotSpec((("roc.csv", ("tpr",)),), "fpr", "linear", "ROC", "a", "b"),
    )


def test_a_plot_may_take_columns_of_several_files() -> None:
    (found,) = specs([{"loss": {"x": "step", "y": {"train.csv": "loss", "val.csv": ["loss", "error"]}}}])
    assert found.files == (("train.csv", ("loss",)), ("val.csv", ("loss", "error")))
    (found,) = specs([{"loss": {"x": {"train.csv": "step"}, "y": "loss"}}])
    assert (found.files, found.x) == ((("train.csv", ("loss",)),), "step")


def test_plots_of_stages_count_and_their_paths_are_the_projects() -> None:
    stage = {"cmd": "c", "wdir": "sub", "plots": [{"a.csv": {"x": "i", "cache": False}}, "b.json"]}
    found = specs(None, {"s": stage})
    assert [(spec.path, spec.x) for spec in found] == [("sub/a.csv", "i"), ("sub/b.json", "")]


def test_a_file_that_is_declared_twice_is_drawn_as_the_one_that_says_how() -> None:
    stage = {"cmd": "c", "plots": ["a.csv"]}
    (found,) = specs([{"a.csv": {"x": "i", "y": "v"}}], {"s": stage})
    assert found.files == (("a.csv", ("v",)),)


@pytest.mark.parametrize(
    "plots", [None, [], [None, 3, [], {}], [{"a": None}], [{"a": 3}], [{"a": {"y": 3, "x": []}}]]
)
def test_odd_declarations_are_left_to_dvc(plots: Any) -> None:
    for spec in specs(plots):
        assert spec.path == "a"


def test_a_confusion_matrix_counts_pairs() -> None:
    rows = [{"actual": a, "predicted": p} for a, p in ("aa", "ab", "bb", "bb", "ca")]
    found = plot(rows, template="confusion", x="predicted", y="actual", title="T")
    assert found == Matrix(
        path="p.csv",
        title="T",
        x="predicted",
        y="actual",
        labels=("a", "b", "c"),
        rows=("1 1 0", "0 2 0", "1 0 0"),
    )


def test_classes_that_are_numbers_stand_in_their_order() -> None:
    rows = [{"actual": str(n), "predicted": str(n)} for n in (10, 9, 1)]
    assert plot(rows, template="confusion", x="predicted", y="actual").labels == ("1", "9", "10")


def test_a_curve_keeps_its_points_in_their_order() -> None:
    rows = [{"x": x, "y": y} for x, y in (("0", "0"), ("0", "0.5"), ("1", "nan"), ("1", "1"))]
    (line,) = plot(rows, x="x", y="y").lines
    assert line.points == ((0.0, 0.0), (0.0, 0.5), (1.0, 1.0))


def test_without_columns_the_last_one_is_drawn_over_the_rows_number() -> None:
    found = plot([{"a": 1, "loss": 3}, {"a": 1, "loss": 2}])
    assert (found.y, found.lines[0].points) == ("loss", ((0.0, 3.0), (1.0, 2.0)))


def test_several_columns_are_several_lines() -> None:
    found = plot([{"i": 0, "a": 1, "b": 2}], x="i", y=["a", "b"])
    assert [line.name for line in found.lines] == ["a", "b"]


def test_bars_stand_largest_first_where_they_are_to_be_sorted() -> None:
    rows = [{"f": label, "v": value} for label, value in (("a", 1), ("b", -3), ("c", None))]
    found = plot(rows, template="bar_horizontal_sorted", x="v", y="f")
    assert (found.labels, found.heights) == (("b", "a"), (-3.0, 1.0))


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([], {}),
        ([{"a": "x"}], {"y": "a"}),
        ([{"a": "1"}], {"y": "b"}),
        ([{"a": "1"}], {"template": "confusion", "x": "a", "y": "b"}),
        ([{"a": str(n), "b": "x"} for n in range(60)], {"template": "confusion", "x": "a", "y": "b"}),
        ([{"a": "x", "b": "y"}], {"template": "bar_horizontal", "x": "a", "y": "b"}),
        ([{"a": float("inf")}], {"y": "a"}),
    ],
)
def test_rows_that_cannot_be_drawn_are_said_to_be(rows: Rows, options: dict[str, Any]) -> None:
    found = plot(rows, **options)
    assert isinstance(found, Unsuited)
    assert found.reason


def test_a_million_points_become_two_hundred_with_both_ends_and_the_peak() -> None:
    rows = [{"x": n, "y": 100 if n == 77_777 else n % 3} for n in range(100_000)]
    (line,) = plot(rows, x="x", y="y").lines
    assert len(line.points) == 200
    assert line.points[0] == (0, 0)
    assert line.points[-1][0] == 99_999
    assert max(y for _, y in line.points) == 100


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=400),
    st.integers(3, 50),
)
def test_thinning_takes_points_that_are_there_in_their_order(
    points: list[tuple[float, float]], most: int
) -> None:
    for thin in (thinned, evenly):
        kept = thin(points, most)
        assert len(kept) == min(most, len(points))
        assert (kept[0], kept[-1]) == (points[0], points[-1])
        rest = iter(points)
        assert all(point in rest for point in kept)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=200))
def test_numbers_are_written_as_a_record_takes_them(values: list[float]) -> None:
    line = Line(x=written(values), y=written(values))
    assert all(abs(x - value) <= abs(value) * 1e-4 for (x, _), value in zip(line.points, values, strict=True))


LINE = {"name": "", "x": "0 1", "y": "0 1"}


@pytest.mark.parametrize(
    "plot",
    [
        {"kind": "pie", "path": "p"},
        {"kind": "curves", "path": "p", "lines": []},
        {"kind": "curves", "path": "p", "lines": [LINE] * 9},
        {"kind": "curves", "path": "p", "lines": [{**LINE, "x": "0 1 2"}]},
        {"kind": "curves", "path": "p", "lines": [{**LINE, "x": "0 nan"}]},
        {"kind": "curves", "path": "p", "lines": [{**LINE, "x": "0 1e999"}]},
        {"kind": "curves", "path": "p", "lines": [{**LINE, "x": "0 1.2.3"}]},
        {"kind": "curves", "path": "p", "lines": [{"x": " ".join("1" * 201), "y": " ".join("1" * 201)}]},
        {"kind": "curves", "path": "p", "lines": [LINE], "script": "x"},
        {"kind": "matrix", "path": "p", "labels": ["a"], "rows": ["1 2"]},
        {"kind": "matrix", "path": "p", "labels": ["a"], "rows": ["-1"]},
        {"kind": "matrix", "path": "p", "labels": ["a"], "rows": ["1e3"]},
        {"kind": "matrix", "path": "p", "labels": ["a"], "rows": ["9" * 30]},
        {"kind": "matrix", "path": "p", "labels": ["a"] * 51, "rows": ["1"] * 51},
        {"kind": "bars", "path": "p", "labels": ["a"], "values": "1 2"},
        {"kind": "bars", "path": "p", "labels": ["a" * 101], "values": "1"},
        {"kind": "bars", "path": "p" * 501, "labels": ["a"], "values": "1"},
    ],
)
def test_a_plot_that_is_none_is_refused(plot: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="not a run record: plots"):
        parse_record({**reports.load(), "plots": [plot]}, "run.json")


def test_plots_of_a_record_have_their_kinds() -> None:
    kinds = [type(plot) for plot in reports.full().plots]
    assert kinds == [Matrix, Curves, Curves, Bars, Curves, Curves]
