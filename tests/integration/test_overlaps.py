"""Rows that stand twice, counted in real files of every format; pandas is the oracle."""

import gzip
import random
from pathlib import Path

import pandas as pd
import pytest

from mltools.core.data_facts import Overlap, Repeats
from mltools.edges.tables.overlaps import overlap, repeats
from mltools.errors import DataError


def write(path: Path, text: str) -> tuple[str, Path]:
    """A file with the name that messages call it."""
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path.name, path


def frame(path: Path, data: dict[str, list[object]]) -> tuple[str, Path]:
    pd.DataFrame(data).to_parquet(path)
    return path.name, path


def test_ids_in_both_files_are_counted_once_and_named(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "id,x\n1,a\n2,b\n2,c\n3,d\n,e\n")
    test = write(tmp_path / "test.csv", "x,id\na,3\nb,2\nc,9\nd,\n")
    assert overlap(train, test, ["id"]) == Overlap(2, 3, 3, ("2", "3"))
    assert overlap(train, test, ["id"], examples=0).examples == ()
    assert overlap(train, test, ["id"], examples=1).examples == ("2",)


def test_files_without_a_common_id_share_none(tmp_path: Path) -> None:
    train, test = write(tmp_path / "a.csv", "id\n1\n2\n"), write(tmp_path / "b.csv", "id\n3\n")
    assert overlap(train, test, ["id"]) == Overlap(0, 2, 1)


def test_an_id_of_several_columns_is_all_of_them(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "site,nr\nnorth,1\nsouth,2\n,3\n")
    test = write(tmp_path / "test.csv", "site,nr\nnorth,2\nsouth,2\n,3\n")
    assert overlap(train, test, ["site", "nr"]) == Overlap(1, 2, 2, ("south, 2",))


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tsv", "parquet", "float.parquet", "jsonl"])
def test_the_format_of_a_file_does_not_hide_an_id(tmp_path: Path, ending: str) -> None:
    train = write(tmp_path / "train.csv", "id,x\n7,a\n8,b\n007,c\n")
    path = tmp_path / f"test.{ending}"
    match ending:
        case "parquet":
            test = frame(path, {"id": [7, 9]})
        case "float.parquet":  # as pandas keeps whole numbers in a column with gaps
            test = frame(path, {"id": [7.0, None, 9.0]})
        case "jsonl":
            test = write(path, '{"id": 7}\n{"id": "9"}\n{"id": null}\n')
        case "tsv":
            test = write(path, "id\tx\n7.0\ta\n9\tb\n")
        case _:
            test = write(path, "id,x\n7.0,a\n9,b\n")
    assert overlap(train, test, ["id"]) == Overlap(1, 3, 2, ("7",))


def test_part_files_of_a_directory_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    write(tmp_path / "train/part-0.csv", "id\n1\n")
    write(tmp_path / "train/part-1.csv", "id\n2\n")
    test = write(tmp_path / "test.csv", "id\n2\n")
    assert overlap(("train", tmp_path / "train"), test, ["id"]) == Overlap(1, 2, 1, ("2",))
    write(tmp_path / "train/part-1.csv", "id\n1\n")
    assert repeats(tmp_path / "train", "train") == Repeats(2, 1)


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    train, test = write(tmp_path / "train.csv", "id,x\n1,a\n"), write(tmp_path / "test.csv", "ID,x\n1,a\n")
    with pytest.raises(DataError, match=r"^test.csv: has no column id; did you mean ID\?$"):
        overlap(train, test, ["id"])


def test_trouble_is_told_of_the_file_that_has_it(tmp_path: Path) -> None:
    good, ragged = write(tmp_path / "a.csv", "id,x\n1,a\n"), write(tmp_path / "b.csv", "id,x\n1\n2,b\n")
    for pair in ((good, ragged), (ragged, good)):
        with pytest.raises(DataError, match=r"^b.csv:2: 1 field where the header has 2"):
            overlap(*pair, ["id"])
    with pytest.raises(DataError, match="no such file"):
        overlap(good, ("c.csv", tmp_path / "c.csv"), ["id"])


def test_a_long_id_is_cut_in_the_examples_alone(tmp_path: Path) -> None:
    long = "x" * 300
    train = write(tmp_path / "train.csv", f"id\n{long}1\n{long}2\n")
    test = write(tmp_path / "test.csv", f"id\n{long}2\n")
    found = overlap(train, test, ["id"])
    assert (found.both, len(found.examples[0])) == (1, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n1,2\n1,3\n1,2\n", Repeats(4, 2)),
        ("a,b\n1,2\n2,1\n", Repeats(2, 0)),
        ("a,b\n", Repeats(0, 0)),
        ("a,b\n,x\nx,\n,x\n", Repeats(3, 1)),
        # Values whose texts would run together.
        ("a,b\n1:1,2\n1,1:2\n-,\n,-\n", Repeats(4, 0)),
        ('a,b\n"x\ny",1\n"x\ny",1\n', Repeats(2, 1)),
    ],
)
def test_a_row_repeats_when_all_of_it_stands_above(tmp_path: Path, text: str, expected: Repeats) -> None:
    name, path = write(tmp_path / "x.csv", text)
    assert repeats(path, name) == expected


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_pandas_counts_the_same(tmp_path: Path, ending: str) -> None:
    chance = random.Random(7)
    rows = [
        {
            "id": chance.randrange(400),
            "size": chance.choice([0.5, 1.5, None]),
            "site": chance.choice(["north", "süd", None, ""]),
            "flag": chance.random() > 0.5,
        }
        for _ in range(1_000)
    ]
    data = pd.DataFrame(rows)
    paths = (tmp_path / f"a.{ending}", tmp_path / f"b.{ending}")
    for path, half in zip(paths, (data[:700], data[700:]), strict=True):
        match ending:
            case "csv":
                half.to_csv(path, index=False)
            case "parquet":
                half.to_parquet(path)
            case _:
                half.to_json(path, orient="records", lines=True)
    first, second = data[:700], data[700:]
    if ending != "parquet":  # there the empty text is no value
        first = first.replace("", None)
    assert repeats(paths[0], "a") == Repeats(700, int(first.duplicated().sum()))
    common = set(first["id"]) & set(second["id"])
    found = overlap(("a", paths[0]), ("b", paths[1]), ["id"])
    assert (found.both, found.train, found.test) == (
        len(common),
        first["id"].nunique(),
        second["id"].nunique(),
    )
    assert set(found.examples) <= set(map(str, common))
