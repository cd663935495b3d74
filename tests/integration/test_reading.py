"""Data sets of every format, in one file or in many, as one table; and what makes them none."""

import gzip
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from mltools.core.contract import parse_contract
from mltools.core.records import DataSet
from mltools.core.wording import JSON, TEXT
from mltools.edges import tables
from mltools.edges.tables import engine, jsonlines, streams
from mltools.edges.tables.parts import listed
from mltools.edges.tables.reading import opened_data
from mltools.errors import DataError


def write(place: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def read(path: Path, **more: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of a data set."""
    with opened_data(path, path.name, **more) as data:
        cells = ", ".join(f"c{index}" for index in range(len(data.header)))
        return list(data.header), data.rows(f"SELECT {cells} FROM {data.scan}")


def refused(path: Path, **more: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **more)
    assert caught.value.exit_code == 3
    assert str(path.parent) not in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


def found_out(path: Path, meanwhile: Callable[[], object]) -> str:
    """What is said of a data set to which something happens while it is open."""

    def reading() -> None:
        with opened_data(path, path.name) as data:
            meanwhile()
            data.rows(f"SELECT count(c0) FROM {data.scan}")

    with pytest.raises(DataError) as caught:
        reading()
    return caught.value.message


def check(path: Path, columns: Mapping[str, Any], **table: Any) -> DataSet:
    contract = parse_contract({"schema": 1, "columns": dict(columns), **table}, "s.yaml")
    return tables.check(path, contract, name=path.name)


def parquet(path: Path, **columns: Sequence[Any] | pa.Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


# Directories


def test_a_directory_is_one_table_of_its_files_by_name(tmp_path: Path) -> None:
    place = write(
        tmp_path / "days",
        {
            "b.csv": "a,b\n3,z\n",
            "2026/02/part.csv": "a,b\n2,y\n",
            "2026/01/part.csv": 'a,b\n1,"x\nx"\n',
            "_SUCCESS": "",
            ".part.csv.crc": b"\0",
            "2026/_temporary/0/part.csv": "no,table",
            ".cache/x.csv": "no,table",
        },
    )
    assert read(place) == (["a", "b"], [("1", "x\nx"), ("2", "y"), ("3", "z")])
    with opened_data(place, "days") as data:
        assert [part.name for part in data.parts] == [
            "days/2026/01/part.csv",
            "days/2026/02/part.csv",
            "days/b.csv",
        ]
        assert data.bytes == 12 + 8 + 8
        assert data.rows(f"SELECT p, c0 FROM {data.scan}") == [(0, "1"), (1, "2"), (2, "3")]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("csv", "a\n{}\n"),
        ("tsv", "a\n{}\n"),
        ("csv.gz", "a\n{}\n"),
        ("jsonl", '{{"a": {}}}\n'),
        ("ndjson.gz", '{{"a": {}}}\n'),
    ],
)
def test_parts_may_be_of_any_format(tmp_path: Path, kind: str, row: str) -> None:
    for number in range(3):
        content = row.format(number).encode()
        whole = gzip.compress(content) if kind.endswith("gz") else content
        write(tmp_path / "d", {f"{number}.{kind}": whole})
    assert read(tmp_path / "d") == (["a"], [("0",), ("1",), ("2",)])


def test_examples_tell_the_file_and_the_row_in_it(tmp_path: Path) -> None:
    place = write(
        tmp_path / "d",
        {
            "part-0.csv": "id,x\n1,5\n2,5\n",
            "part-1.csv": "id,x\n",
            "sub/part-2.csv": "id,x\n3,5\n1,many\n",
        },
    )
    found = check(place, {"id": {"type": "integer"}, "x": {"type": "number"}}, primary_key=["id"])
    assert found.rows == 4
    assert {item.rule: item.examples for item in found.violations} == {
        "type": ("sub/part-2.csv row 2: many",),
        "primary_key": ("sub/part-2.csv row 2: 1 (as in part-0.csv row 1)",),
    }


def test_a_place_is_right_at_every_edge(tmp_path: Path) -> None:
    sizes = (3, 0, 1, 2, 0)
    write(tmp_path / "d", {f"{at}.csv": "a\n" + "1\n" * size for at, size in enumerate(sizes)})
    with opened_data(tmp_path / "d", "d") as data:
        assert [data.place(row) for row in range(1, 7)] == [
            *(f"0.csv row {row}" for row in (1, 2, 3)),
            "2.csv row 1",
            *(f"3.csv row {row}" for row in (1, 2)),
        ]


@pytest.mark.slow
def test_a_thousand_parts_are_read(tmp_path: Path) -> None:
    files = {f"{at:04}.csv": f"a,b\n{at},x\n{at},y\n" for at in range(1000)}
    found = check(write(tmp_path / "d", files), {"a": {"type": "integer", "maximum": 998}})
    assert found.rows == 2000
    assert found.violations[0].examples == ("0999.csv row 1: 999", "0999.csv row 2: 999")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"_SUCCESS": ""}, "d: is a directory without data files"),
        ({"a.csv": "a\n1\n", "b.tsv": "a\n1\n"}, "d/b.tsv: is not of the format of d/a.csv"),
        (
            {"a.csv": "a\n1\n", "b.csv.gz": gzip.compress(b"a\n1\n", mtime=0)},
            "d/b.csv.gz: is not of the format",
        ),
        ({"a.csv": "a\n1\n", "README.md": "#"}, "d/README.md: the name does not tell the format"),
        ({"a.csv": "a\n1\n", "b.csv": ""}, "d/b.csv: is empty, without even a header"),
        ({"a.csv": "a,b\n1,2\n", "b.csv": "\n\nb,a\n1,2\n"}, "d/b.csv:3: the columns stand in another order"),
        ({"a.csv": "a\n1\n", "b.csv": "\na\n1\n"}, "d/b.csv:2: stands after 1 blank lines, the header of"),
        ({"a.csv": "a,b\n1,2\n", "b.csv": "a\n1\n"}, "d/b.csv:1: has no column b, which d/a.csv has"),
        ({"a.csv": "a\n1\n", "b.csv": "a,=b\n1,2\n"}, "d/b.csv:1: has a column '=b', which d/a.csv has not"),
        ({"a.csv": "a,b\n1,2\n", "b.csv": "a,b\n1\n"}, "d/b.csv:2: 1 field where the header has 2"),
        ({"a.csv": "a\n1\n", "b.csv": b"a\n\xff\n"}, "d/b.csv:2: not UTF-8 text"),
        ({"a.csv": "a\n1\n", "sub/b.csv": "a\n\0\n"}, "d/sub/b.csv:2: holds a NUL byte"),
        (
            {
                "a.csv.gz": gzip.compress(b"a\n1\n", mtime=0),
                "b.csv.gz": gzip.compress(b"a\n1\n", mtime=0)[:-3],
            },
            "d/b.csv.gz: the gzip file is cut off",
        ),
        ({"a.jsonl": '{"a": 1}\n', "b.jsonl": '\n{"a": 1}\n{"a"\n'}, "d/b.jsonl:3: no JSON: Expecting ':'"),
        ({"_delta_log/0.json": "{}", "a.parquet": b"PAR1"}, "d: is a Delta table, whose files alone do not"),
    ],
)
def test_parts_that_make_no_table_are_told_in_one_line(
    tmp_path: Path, files: Mapping[str, str | bytes], reason: str
) -> None:
    assert refused(write(tmp_path / "d", files)).startswith(reason)


def test_an_empty_directory_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    assert refused(tmp_path / "d") == "d: is a directory without data files"


def test_links_to_files_are_followed_and_links_to_directories_refused(tmp_path: Path) -> None:
    write(tmp_path, {"cache/00": "a\n1\n", "d/b.csv": "a\n2\n"})
    (tmp_path / "d/a.csv").symlink_to(tmp_path / "cache/00")
    assert read(tmp_path / "d") == (["a"], [("1",), ("2",)])
    (tmp_path / "d/ring").symlink_to(tmp_path / "d")
    assert refused(tmp_path / "d") == "d/ring: is a link to a directory"


def test_a_link_to_nothing_and_a_pipe_are_no_parts(tmp_path: Path) -> None:
    write(tmp_path, {"d/a.csv": "a\n1\n", "e/a.csv": "a\n1\n"})
    (tmp_path / "d/b.csv").symlink_to("nowhere")
    os.mkfifo(tmp_path / "e/b.csv")
    assert refused(tmp_path / "d") == "d/b.csv: no such file"
    assert refused(tmp_path / "e") == "e/b.csv: is not a regular file"


@pytest.mark.parametrize("change", ["longer", "more", "fewer", "renamed"])
def test_a_directory_that_changes_meanwhile_is_found_out(tmp_path: Path, change: str) -> None:
    place = write(tmp_path / "d", {"a.csv": "a\n1\n", "b.csv": "a\n1\n"})

    def meanwhile() -> None:
        match change:
            case "longer":
                write(place, {"b.csv": "a\n1\n2\n"})
            case "more":
                write(place, {"c.csv": "a\n1\n"})
            case "fewer":
                (place / "b.csv").unlink()
            case "renamed":
                (place / "b.csv").rename(place / "c.csv")

    assert found_out(place, meanwhile).endswith(": changed while it was read")


def test_a_fault_of_a_file_that_is_being_written_is_its_being_written(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.csv": "a,b\n1,2\n"}) / "x.csv"
    assert (
        found_out(path, lambda: write(tmp_path, {"x.csv": "a,b\n1,2\n1"}))
        == "x.csv: changed while it was read"
    )


# Parquet


def test_parquet_parts_are_matched_by_name(tmp_path: Path) -> None:
    parquet(tmp_path / "d/0.parquet", a=[1], b=["x"])
    parquet(tmp_path / "d/1.parquet", b=["y"], a=[2])
    with opened_data(tmp_path / "d", "d") as data:
        assert dict(data.header) == {"a": "BIGINT", "b": "VARCHAR"}
        assert data.rows(f"SELECT c0, c1, p FROM {data.scan}") == [(1, "x", 0), (2, "y", 1)]


def test_parquet_parts_may_differ_in_types_that_hold_each_other(tmp_path: Path) -> None:
    parquet(tmp_path / "d/0.parquet", a=pa.array([1], pa.int8()), f=pa.array([0.5], pa.float32()), n=[None])
    parquet(tmp_path / "d/1.parquet", a=[1 << 62], f=[0.1], n=["x"])
    with opened_data(tmp_path / "d", "d") as data:
        assert dict(data.header) == {"a": "BIGINT", "f": "DOUBLE", "n": "VARCHAR"}
        assert data.rows(f"SELECT c0, c1, c2 FROM {data.scan}") == [(1, 0.5, None), (1 << 62, 0.1, "x")]


def test_whole_numbers_with_gaps_are_still_whole_numbers(tmp_path: Path) -> None:
    """As pandas writes them day by day: floats only in the file where one is missing."""
    parquet(tmp_path / "d/0.parquet", a=[1, 1 << 53])
    parquet(tmp_path / "d/1.parquet", a=[2.0, None, 2.5])
    parquet(tmp_path / "d/2.parquet", a=pa.array([], pa.int64()))
    parquet(tmp_path / "d/3.parquet", a=pa.array([None], pa.int32()))
    found = check(tmp_path / "d", {"a": {"type": "integer", "required": True, "maximum": 1 << 53}})
    assert {item.rule: item.examples for item in found.violations} == {
        "type": ("1.parquet row 3: 2.5",),
        "required": ("1.parquet row 2", "3.parquet row 1"),
    }


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([[1 << 53 | 1], [1.5]], "d/1.parquet: column a is kept as DOUBLE, in d/0.parquet as BIGINT"),
        ([[1], ["1"]], "d/1.parquet: column a is kept as VARCHAR, in d/0.parquet as BIGINT"),
        ([[None], [1], ["x"]], "d/2.parquet: column a is kept as VARCHAR, in d/1.parquet as BIGINT"),
        ([[[1]], [["x"]]], "d/1.parquet: column a is kept as VARCHAR[], in d/0.parquet as BIGINT[]"),
    ],
)
def test_parquet_parts_of_different_types_are_refused(
    tmp_path: Path, parts: Sequence[Sequence[Any]], reason: str
) -> None:
    for index, values in enumerate(parts):
        parquet(tmp_path / f"d/{index}.parquet", a=values)
    assert refused(tmp_path / "d") == reason


def test_whole_numbers_without_known_bounds_are_not_taken_for_floats(tmp_path: Path) -> None:
    parquet(tmp_path / "d/0.parquet", a=[1.5])
    pq.write_table(pa.table({"a": [1]}), tmp_path / "d/1.parquet", write_statistics=False)
    assert refused(tmp_path / "d") == "d/1.parquet: column a is kept as BIGINT, in d/0.parquet as DOUBLE"


def test_a_parquet_file_may_have_no_rows_but_has_columns(tmp_path: Path) -> None:
    assert read(parquet(tmp_path / "x.parquet", a=pa.array([], pa.int64()))) == (["a"], [])
    assert refused(parquet(tmp_path / "y.parquet")).startswith("y.parquet: damaged or no Parquet file: ")


def test_parquet_parts_whose_columns_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    pq_columns = {"aa": [1], "AA": ["x"]}
    parquet(tmp_path / "d/0.parquet", **pq_columns)
    assert read(tmp_path / "d") == (["aa", "AA"], [(1, "x")])
    parquet(tmp_path / "d/1.parquet", **pq_columns)
    assert refused(tmp_path / "d") == "d/0.parquet: columns aa and AA differ in case alone"


def test_parquet_parts_with_different_columns_are_refused(tmp_path: Path) -> None:
    parquet(tmp_path / "d/0.parquet", a=[1])
    parquet(tmp_path / "d/1.parquet", a=[1], b=[2])
    assert refused(tmp_path / "d") == "d/1.parquet: has a column b, which d/0.parquet has not"
    (tmp_path / "d/0.parquet").write_bytes(b"PAR1")
    assert refused(tmp_path / "d").startswith("d/0.parquet: damaged or no Parquet file")


def test_the_name_of_a_directory_makes_no_column(tmp_path: Path) -> None:
    parquet(tmp_path / "d/year=2026/0.parquet", a=[1])
    write(tmp_path, {"e/year=2026/0.csv": "a\n1\n", "f/year=2026/0.jsonl": '{"a":1}\n'})
    assert read(tmp_path / "d") == (["a"], [(1,)])
    assert read(tmp_path / "e") == (["a"], [("1",)])
    assert read(tmp_path / "f") == (["a"], [("1",)])


# JSON lines


def test_keys_are_columns_wherever_they_first_stand(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.jsonl": '{"b": 1}\n\n  \r\n{"a": "x", "b": null}\n{}\n'}) / "x.jsonl"
    with opened_data(path, "x.jsonl") as data:
        assert dict(data.header) == {"b": JSON, "a": JSON}
    assert read(path)[1] == [("1", None), (None, '"x"'), (None, None)]


def test_keys_beyond_the_first_stretch_are_columns_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonlines, "WINDOW", 20)
    path = write(tmp_path, {"x.jsonl": '{"z": 1, "a": 1}\n{"y": 1}\n{"b": 1}\n'}) / "x.jsonl"
    assert read(path)[0] == ["z", "a", "b", "y"]


def test_json_values_keep_their_text(tmp_path: Path) -> None:
    values = {
        "12345678901234567890123": "12345678901234567890123",
        "1e400": "1e400",
        "NaN": "NaN",
        "-0.0": "-0.0",
        '"\\u00fc\\n"': '"ü\\n"',
        '{"a": [1, {"b": null}]}': '{"a":[1,{"b":null}]}',
        "[]": "[]",
        "true": "true",
        '"null"': '"null"',
        "null": None,
    }
    content = "".join(f'{{"x": {value}}}\n' for value in values)
    assert read(write(tmp_path, {"x.jsonl": content}) / "x.jsonl")[1] == [
        (value,) for value in values.values()
    ]


def test_missing_values_are_texts_in_json_too(tmp_path: Path) -> None:
    content = "".join(f'{{"x": {value}}}\n' for value in ('""', '"NA"', "NaN", '"NaN"', "0", '"ü"'))
    path = write(tmp_path, {"x.jsonl": content}) / "x.jsonl"
    assert [row[0] for row in read(path, missing=["NA", "NaN", "ü"])[1]] == [
        '""',
        None,
        None,
        None,
        "0",
        None,
    ]
    assert [row[0] for row in read(path)[1]] == [None, '"NA"', "NaN", '"NaN"', "0", '"ü"']


def test_json_values_have_the_type_that_json_says(tmp_path: Path) -> None:
    rows = [
        '{"i": 1, "n": 1.5, "s": "a", "b": true, "d": "2026-01-31", "c": "x", "t": "2026-01-31T10:00:00+02:00"}',
        '{"i": 5.0, "n": 1, "s": "5", "b": false, "d": null, "c": 1, "t": "2026-01-31"}',
        '{"i": "5", "n": "1.5", "s": 5, "b": 1, "d": 20260131, "c": {"a": 1}, "t": 1767225600}',
        '{"i": 9223372036854775808, "n": NaN, "s": true, "b": "true", "d": "2026-02-30", "c": [1], "t": "now"}',
        '{"i": true, "n": 1e400, "s": {"a": 1}, "b": 0, "d": false, "c": true, "t": ["2026-01-31"]}',
    ]
    kinds = {
        "i": "integer",
        "n": "number",
        "s": "string",
        "b": "boolean",
        "d": "date",
        "c": "category",
        "t": "datetime",
    }
    path = write(tmp_path, {"x.jsonl": "\n".join(rows)}) / "x.jsonl"
    found = check(path, {name: {"type": kind} for name, kind in kinds.items()})
    assert found.rows == 5
    assert {item.column: item.examples for item in found.violations} == {
        "i": ('row 3: "5"', "row 4: 9223372036854775808", "row 5: true"),
        "n": ('row 3: "1.5"', "row 4: NaN", "row 5: 1e400"),
        "s": ("row 3: 5", "row 4: true"),
        "b": ("row 3: 1", 'row 4: "true"', "row 5: 0"),
        "d": ("row 3: 20260131", 'row 4: "2026-02-30"', "row 5: false"),
        "c": ('row 3: {"a":1}', "row 4: [1]"),
        "t": ("row 3: 1767225600", 'row 4: "now"', 'row 5: ["2026-01-31"]'),
    }
    assert found.violations[0].message == "3 of 5 rows: i is not an integer"


def test_other_rules_look_at_the_values_in_json(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.jsonl": '{"s": "ü\\"x", "n": 5}\n{"s": "ü\\"x", "n": 1e1}\n'}) / "x.jsonl"
    found = check(
        path,
        {
            "s": {"type": "string", "max_length": 2, "pattern": '[^"]*', "unique": True, "enum": ['ü"x']},
            "n": {"type": "number", "maximum": 9},
        },
    )
    assert [(item.rule, item.count) for item in found.violations] == [
        ("pattern", 2),
        ("max_length", 2),
        ("unique", 1),
        ("maximum", 1),
    ]


@pytest.mark.parametrize("clash", [False, True])
def test_hostile_keys_are_only_keys(tmp_path: Path, clash: bool) -> None:  # noqa: FBT001 - a parameter of the test
    keys = [
        "__proto__",
        "../x",
        "a|b",
        "<script>",
        'q"',
        "'; --",
        "$.a",
        "/0",
        "~1",
        "*",
        "c0",
        "p",
        "💥\u202e",
        "a\nb",
    ]
    keys += ["A", "a", "", "nul\0"] if clash else []
    rows = [{key: f"{key}{row}" for key in keys} for row in range(2)]
    path = write(tmp_path, {"x.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}) / "x.jsonl"
    header, cells = read(path)
    assert header == keys
    assert [[json.loads(cell) for cell in row] for row in cells] == [list(row.values()) for row in rows]


def test_a_key_in_another_case_is_another_key(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.jsonl": '{"a": 1}\n{"A": 2}\n'}) / "x.jsonl"
    assert read(path) == (["a", "A"], [("1", None), (None, "2")])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\n\n", "x.jsonl: holds no object with a key, so it has no columns"),
        ("{}\n", "x.jsonl: holds no object with a key, so it has no columns"),
        ('{"a": 1}\n{"a": }\n', "x.jsonl:2: no JSON: Expecting value"),
        ('\n{"a": 1}\n\n{"a": 1\n}\n', "x.jsonl:4: no JSON: Expecting ',' delimiter"),
        ('{"a": 1}\n{"a": "x', "x.jsonl:2: no JSON: Unterminated string starting at"),
        ('{"a": 1} {"a": 2}\n', "x.jsonl:1: no JSON: Extra data"),
        ('{"a": 1}\n[{"a": 1}]\n', "x.jsonl:2: is a list, no object"),
        ('{"a": 1}\n5\n', "x.jsonl:2: is a number, no object"),
        ('{"a": 1}\nnull\n', "x.jsonl:2: is null, no object"),
        ('{"a": 1}\n{"b": 1, "a": 1, "b": 2}\n', "x.jsonl:2: the key b stands twice"),
        ('{"a": 1}\n{"a": "\\ud800"}\n', "x.jsonl:2: no JSON: half a character"),
        (b'{"a": 1}\n{"a": "\xff"}\n', "x.jsonl:2: not UTF-8 text"),
        ('{"a": 1}\n{"a": "\0"}\n', "x.jsonl:2: no JSON: Invalid control character at"),
        ('{"a": 1}\n\0{"a": 1}\n', "x.jsonl:2: no JSON:"),
        ('\ufeff{"a": 1}\n', "x.jsonl:1: begins with a byte order mark, which JSON does not allow"),
        ('{"a": 1}\n{"a": 01}\n', "x.jsonl:2: no JSON:"),
        ("a,b\n1,2\n", "x.jsonl:1: no JSON: Expecting value"),
        ('{"a": 1}\n'.encode("utf-16"), "x.jsonl: holds UTF-16 text, not JSON lines text"),
        (b"PAR1", "x.jsonl: holds Parquet, not JSON lines text"),
        (gzip.compress(b"{}", mtime=0), "x.jsonl: holds gzip, not JSON lines text"),
    ],
)
def test_lines_that_are_no_objects_are_told(tmp_path: Path, content: str | bytes, reason: str) -> None:
    assert refused(write(tmp_path, {"x.jsonl": content}) / "x.jsonl").startswith(reason)


def test_a_damaged_gzip_of_json_lines_is_found(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(b'{"a": 1}\n' * 10_000))
    whole[-6] ^= 255
    assert "CRC check failed" in refused(write(tmp_path, {"x.jsonl.gz": bytes(whole)}) / "x.jsonl.gz")
    cut = gzip.compress(b'{"a": 1}\n' * 10_000)[:-9]
    assert (
        refused(write(tmp_path, {"y.jsonl.gz": cut}) / "y.jsonl.gz") == "y.jsonl.gz: the gzip file is cut off"
    )


def test_a_comma_after_the_last_value_does_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.jsonl": '{"a": 1,}\n'}) / "x.jsonl"
    assert read(path) == (["a"], [("1",)])


def test_long_and_deep_lines_are_read(tmp_path: Path) -> None:
    long, deep = "x" * (40 << 20), "[" * 100_000 + "]" * 100_000
    path = write(tmp_path, {"x.jsonl": f'{{"a": "{long}"}}\n{{"a": {deep}}}\n'}) / "x.jsonl"
    with opened_data(path, "x.jsonl") as data:
        assert data.rows(f"SELECT strlen(c0) FROM {data.scan}") == [((40 << 20) + 2,), (200_000,)]


def test_keys_that_are_data_are_no_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "MOST_KEYS", 100)
    path = write(tmp_path, {"x.jsonl": "".join(f'{{"k{at}": 1}}\n' for at in range(101))}) / "x.jsonl"
    assert refused(path) == "x.jsonl: its objects have more than 100 different keys"


# Text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('a,b\n1,"x\ny\n"\n2\n', "x.csv:5: 1 field where the header has 2"),
        ('"a\r\nb",b\r\n1,"""\r\n"\r\n2\r\n', "x.csv:5: 1 field where the header has 2"),
        ('a,b\n"1","x"\n"\n","y\n\n"\n"2","z" z\n', "x.csv:7: a quote is not closed, or text follows"),
        ("a,b\n1,x\n\n\n2\n", "x.csv:5: 1 field where the header has 2"),
        ("\n\na,b\n1,x\n2\n", "x.csv:5: 1 field where the header has 2"),
        ("a,b\r1,x\r2\r", "x.csv:3: 1 field where the header has 2"),
    ],
)
def test_lines_are_those_of_an_editor_after_quoted_newlines(
    tmp_path: Path, content: str, reason: str
) -> None:
    assert refused(write(tmp_path, {"x.csv": content}) / "x.csv").startswith(reason)


def test_faults_in_the_bytes_are_found_beside_any_query(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.csv": b"a,b\n" + b"1,x\n" * 500_000 + b"1,\0\n"}) / "x.csv"
    with (
        pytest.raises(DataError, match=r"x\.csv:500002: holds a NUL byte"),
        opened_data(path, "x.csv") as data,
    ):
        data.row(f"SELECT count(c0) FROM {data.scan}")


def test_bytes_are_looked_at_even_if_nothing_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.csv": b"a,b\n1,\xff\n"}) / "x.csv"
    with pytest.raises(DataError, match=r"x\.csv:2: not UTF-8 text"), opened_data(path, "x.csv"):
        pass


def test_a_character_at_the_edge_of_a_chunk_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "a\n" + "ü☃🦆" * 20 + "\n"
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(streams, "CHUNK", size)
        assert read(write(tmp_path, {"x.csv": content}) / "x.csv")[1] == [("ü☃🦆" * 20,)]
        bad = content.encode() + b"\xc3\n"
        assert refused(write(tmp_path, {"y.csv": bad}) / "y.csv") == "y.csv:3: not UTF-8 text"


def test_several_queries_find_a_row_that_needs_a_larger_buffer(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.csv": f"a,b\n1,{'x' * (3 << 20)}\n2,y\n"}) / "x.csv"
    with opened_data(path, "x.csv") as data:
        assert data.header == {"a": TEXT, "b": TEXT}
        assert data.row(f"SELECT sum(c0::INTEGER) FROM {data.scan}") == (3,)
        assert data.row(f"SELECT max(strlen(c1)) FROM {data.scan}") == (3 << 20,)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "begin", "piece", "end"),
    [
        ("x.csv", "a\n1\n", "x", "\n"),
        ("x.csv", "a\n1\n", "x", "\n2\n"),
        ("x.csv", 'a\n1\n"', "x", '"\n'),
        ("x.csv", 'a\n1\n"', "abc\n", '"\n2\n'),
        ("x.jsonl", '{"a": 1}\n{"a": "', "x", '"}\n'),
    ],
    ids=["last", "inside", "in-quotes", "lines-in-quotes", "json"],
)
def test_a_row_beyond_all_buffers_is_told(
    tmp_path: Path, name: str, begin: str, piece: str, end: str
) -> None:
    content = begin + piece * ((140 << 20) // len(piece)) + end
    where = "x.csv:3" if name == "x.csv" else name
    assert refused(write(tmp_path, {name: content}) / name) == f"{where}: a row is too long to read"


@pytest.mark.slow
@pytest.mark.parametrize("last", ["", "2,y\n"])
@pytest.mark.parametrize(("piece", "quote"), [("x", ""), ("x", '"'), ("abcd\n", '"')])
def test_a_long_row_is_read_wherever_it_stands(tmp_path: Path, piece: str, quote: str, last: str) -> None:
    field = piece * ((40 << 20) // len(piece))
    path = write(tmp_path, {"x.csv": f"a,b\n1,{quote}{field}{quote}\n{last}"}) / "x.csv"
    with opened_data(path, "x.csv") as data:
        sizes = data.rows(f"SELECT strlen(c1) FROM {data.scan} ORDER BY c0")
    assert sizes == [(40 << 20,), (1,)][: 1 + bool(last)]


def test_lines_that_end_in_cr_alone_are_not_one_long_line(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.csv": "a\r" + "1\r" * (3 << 20)}) / "x.csv"
    with streams.watched(listed(path, "x.csv")) as watch:
        assert watch.result() < 10


def test_a_quote_that_is_never_closed_is_found_in_a_long_file(tmp_path: Path) -> None:
    content = "a,b\n1,x\n" + '2,"y\n' + "3,z\n" * 1_000_000
    assert refused(write(tmp_path, {"x.csv": content}) / "x.csv") == (
        "x.csv:3: a quote is not closed, or text follows a closing one"
    )


def test_progress_is_told_while_a_query_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BEAT", 0.001)
    path = write(tmp_path, {"x.csv": "a\n" + "some text\n" * 300_000}) / "x.csv"
    told: list[float] = []
    with opened_data(path, "x.csv", progress=told.append) as data:
        assert data.row(f"SELECT count(md5(md5(c0))) FROM {data.scan}") == (300_000,)
    assert told
    assert all(0 <= share <= 1 for share in told)
