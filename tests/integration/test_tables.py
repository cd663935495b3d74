"""Real files against contracts: exact counts, example rows, and a clear word for what cannot be read."""

import codecs
import gzip
import os
import re
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mltools.core.contract import Contract, parse_contract
from mltools.core.records import DataSet, Violation
from mltools.core.verdict import Outcome
from mltools.edges import tables
from mltools.edges.tables import engine, measuring, streams, text
from mltools.errors import ConfigError, DataError

TWO: Mapping[str, Any] = {"a": {"type": "integer"}, "b": {"type": "string"}}


def contract(columns: Mapping[str, Any] = TWO, **table: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": dict(columns), **table}, "s.yaml")


def check(path: Path, content: str | bytes, rules: Contract | None = None, **more: Any) -> DataSet:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return tables.check(path, rules or contract(), name=path.name, **more)


def column(tmp_path: Path, values: Sequence[str], **rules: Any) -> dict[str, Violation]:
    """The violations of one column, beside one that keeps blank lines apart from gaps, by rule."""
    rows = "".join(f"{value},.\n" for value in values)
    data = check(tmp_path / "x.csv", f"x,keep\n{rows}", contract({"x": rules}))
    assert data.rows == len(values)
    return {item.rule: item for item in data.violations}


def parquet(path: Path, select: str) -> Path:
    duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def test_data_that_keep_the_contract_pass(tmp_path: Path) -> None:
    data = check(
        tmp_path / "raw.csv", "b,a\nx,1\ny,2\n", contract(rows={"min": 2, "max": 2}), contract_name="s.yaml"
    )
    assert data == DataSet(path="raw.csv", contract="s.yaml", rows=2, bytes=12, outcome=Outcome.PASSED)


def test_every_fault_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    rules = contract(
        {
            "id": {"type": "integer"},
            "radius": {"type": "number", "required": True, "minimum": 0, "maximum": 30},
            "kind": {"type": "category", "enum": ["B", "M"]},
            "code": {"type": "string", "pattern": "[A-Z]{2}", "max_length": 2, "unique": True},
            "note": {"type": "string", "severity": "warn", "max_null_fraction": 0.2},
            "gone": {"type": "date"},
        },
        primary_key=["id"],
        extra_columns="forbid",
        rows={"min": 6},
    )
    content = "id,radius,kind,code,note,new\n1,31.2,B,AA,,\n2,-1,X,AA,,\n2,,M,abc,,\nx,many,M,,n,\n"
    data = check(tmp_path / "raw.csv", content, rules)
    assert data.outcome is Outcome.FAILED
    assert [(item.message, item.examples) for item in data.violations] == [
        ("1 of 4 rows: id is not an integer", ("row 4: x",)),
        ("1 of 4 rows: radius is not a number", ("row 4: many",)),
        ("1 of 4 rows: radius has no value", ("row 3",)),
        ("1 of 4 rows: radius below minimum 0 (smallest -1)", ("row 2: -1",)),
        ("1 of 4 rows: radius above maximum 30 (largest 31.2)", ("row 1: 31.2",)),
        ("1 of 4 rows: kind is none of 'B', 'M'", ("row 2: X",)),
        ("1 of 4 rows: code does not match [A-Z]{2}", ("row 3: abc",)),
        ("1 of 4 rows: code longer than 2 characters (longest 3)", ("row 3: abc",)),
        ("1 of 4 rows: code repeats the value of an earlier row", ("row 2: AA (as in row 1)",)),
        ("3 of 4 rows: note has no value, a share of 0.75; at most 0.2 may be", ("row 1", "row 2", "row 3")),
        ("column gone is missing", ()),
        ("column new is not in the contract, which forbids extra columns", ()),
        ("1 of 4 rows: the primary key (id) repeats that of an earlier row", ("row 3: 2 (as in row 2)",)),
        ("4 rows, fewer than the minimum 6", ()),
    ]
    assert [item.rule for item in data.violations if item.severity == "warn"] == ["max_null_fraction"]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "integer",
            ["0", "-0", "+5", "007", "5.0", "5.", " 7 ", "9223372036854775807", "-9223372036854775808"],
            [
                "5.5",
                "1e3",
                "1_000",
                "0x1F",
                "9223372036854775808",
                "nan",
                "inf",
                "five",
                "1 2",
                "--1",
                "=1+1",
            ],
        ),
        (
            "number",
            ["0", "-0.0", ".5", "5.", "1e-400", "1E5", "+1.5", " 2.5 ", "12345678901234567890"],
            ["NaN", "nan", "inf", "-Infinity", "1e400", "1_000.5", "0x1F", "1;5", "n/a", "=1+1", "1.2.3"],
        ),
        (
            "boolean",
            ["true", "True", "TRUE", "1", "false", "False", "FALSE", "0"],
            ["yes", "t", "Y", "2", "tRue", "1.0"],
        ),
        (
            "date",
            ["2026-01-31", "2024-02-29", "0001-01-01", "9999-12-31"],
            [
                "2026-02-30",
                "2026-1-31",
                "2026/01/31",
                "31.01.2026",
                "epoch",
                "infinity",
                "2026-01-31T00:00:00",
                "0000-01-01",
            ],
        ),
        (
            "datetime",
            [
                "2026-01-31",
                "2026-01-31T12:30",
                "2026-01-31 12:30:59",
                "2026-01-31T12:30:59.123456Z",
                "2026-01-31 12:30:59+02:00",
            ],
            ["2026-01-31T25:00", "12:30", "2026-02-30T12:00", "now", "2026-01-31T12:30:59 CET", "1767225600"],
        ),
    ],
)
def test_a_value_in_text_has_the_type_or_not(
    tmp_path: Path, kind: str, good: list[str], bad: list[str]
) -> None:
    assert column(tmp_path, good, type=kind) == {}
    found = column(tmp_path, [*good, *bad], type=kind, required=True)
    assert found["type"].count == len(bad)
    assert list(found) == ["type"]
    first = len(good) + 1
    assert found["type"].examples == tuple(
        f"row {first + index}: {value}" for index, value in enumerate(bad[:5])
    )


@pytest.mark.parametrize(
    ("kind", "form", "whole"),
    [
        ("integer", "1234", r" *[+-]?[0-9]+(\.0*)? *"),
        ("date", "2026-01-31", r" *(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2} *"),
        (
            "datetime",
            "2026-01-31 12:34:56",
            r" *(?!0000)[0-9]{4}(-[0-9]{2}){2}[ T][0-9]{2}(:[0-9]{2}){2}(\.[0-9]*)? *",
        ),
        (
            "datetime",
            "2026-01-31T12:34:56",
            r" *(?!0000)[0-9]{4}(-[0-9]{2}){2}[ T][0-9]{2}(:[0-9]{2}){2}(\.[0-9]*)? *",
        ),
    ],
)
def test_no_slip_of_one_or_two_characters_passes_as_the_type(
    tmp_path: Path, kind: str, form: str, whole: str
) -> None:
    """The shortcut for common spellings must never let through what the whole form refuses."""
    odd = " +-./:,_aTZ0é"
    slips = {
        form[:at] + mark + form[at + width :]
        for width in (0, 1, 2)
        for at in range(len(form))
        for mark in odd
    }
    slips |= {form[:at] + mark * 2 + form[at + 2 :] for at in range(len(form) - 1) for mark in odd}
    wrong = sorted(slip for slip in slips if not re.fullmatch(whole, slip))
    found = column(tmp_path, [f'"{slip}"' for slip in wrong], type=kind)
    assert found["type"].count == len(wrong)


def test_any_text_is_a_string_and_a_category(tmp_path: Path) -> None:
    values = ["NaN", "1", "true", '"two\nlines"', "=cmd|' /C calc'!A0", "\u202e", " "]
    assert column(tmp_path, values, type="string", required=True) == {}
    assert column(tmp_path, values, type="category", required=True) == {}


def test_bounds_are_allowed_values_themselves(tmp_path: Path) -> None:
    found = column(tmp_path, ["1", "3", "0.999", "3.001"], type="number", minimum=1, maximum=3)
    assert (found["minimum"].count, found["maximum"].count) == (1, 1)
    assert (
        column(tmp_path, ["9007199254740993"], type="integer", maximum=9007199254740992)["maximum"].count == 1
    )


def test_moments_are_compared_in_utc_and_dates_by_the_calendar(tmp_path: Path) -> None:
    values = ["2026-01-31T00:30:00+01:00", "2026-01-31T00:30:00", "2026-02-01T00:00:01Z"]
    found = column(
        tmp_path, values, type="datetime", minimum="2026-01-31", maximum="2026-02-01T01:00:00+01:00"
    )
    assert (
        found["minimum"].message == "1 of 3 rows: x below minimum 2026-01-31 (smallest 2026-01-30 23:30:00)"
    )
    assert found["maximum"].examples == ("row 3: 2026-02-01T00:00:01Z",)
    found = column(tmp_path, ["2025-12-31", "2026-01-01"], type="date", minimum="2026-01-01")
    assert found["minimum"].message == "1 of 2 rows: x below minimum 2026-01-01 (smallest 2025-12-31)"


def test_allowed_values_are_compared_as_the_type(tmp_path: Path) -> None:
    assert column(tmp_path, ["1", "01", "1.0", "2"], type="integer", enum=[1])["enum"].count == 1
    assert column(tmp_path, ["0.5", "5e-1", "0.51"], type="number", enum=[0.5])["enum"].count == 1
    assert column(tmp_path, ["true", "0"], type="boolean", enum=[True])["enum"].examples == ("row 2: 0",)
    assert column(tmp_path, ["it's", "its"], type="category", enum=["it's"])["enum"].count == 1
    assert column(tmp_path, ["2026-01-01", "2026-01-02"], type="date", enum=["2026-01-01"])["enum"].count == 1


def test_a_pattern_matches_the_whole_value(tmp_path: Path) -> None:
    found = column(tmp_path, ["AB-12", "xAB-12", "AB-12x", "ab-12"], type="string", pattern=r"[A-Z]{2}-\d+")
    assert found["pattern"].count == 3


def test_lengths_are_counted_in_characters(tmp_path: Path) -> None:
    found = column(tmp_path, ["ü", "üü", "üüü", "☃☃☃☃"], type="string", min_length=2, max_length=3)
    assert found["min_length"].message == "1 of 4 rows: x shorter than 2 characters (shortest 1)"
    assert found["max_length"].message == "1 of 4 rows: x longer than 3 characters (longest 4)"


def test_equal_values_repeat_each_other_however_they_are_written(tmp_path: Path) -> None:
    found = column(tmp_path, ["1", "01", "1.0", "2", "", "", "x", "x"], type="integer", unique=True)
    assert found["unique"].count == 2
    assert found["unique"].examples == ("row 2: 01 (as in row 1)", "row 3: 1.0 (as in row 1)")


def test_a_key_of_two_columns_repeats_only_as_a_whole(tmp_path: Path) -> None:
    rules = contract({"a": {"type": "integer"}, "b": {"type": "string"}}, primary_key=["a", "b"])
    found = check(tmp_path / "x.csv", "a,b\n1,x\n1,y\n2,x\n1,x\n,x\n,x\n", rules).violations
    assert [(item.rule, item.column, item.count) for item in found] == [
        ("primary_key", "a", 2),
        ("primary_key", None, 1),
    ]
    assert found[1].examples == ("row 4: 1, x (as in row 1)",)


def test_empty_is_no_value_and_other_gaps_are_listed(tmp_path: Path) -> None:
    assert column(tmp_path, ["1", "", '""'], type="number", required=True)["required"].count == 2
    rules = contract({"x": {"type": "number", "required": True}}, missing_values=["NA", "NaN"])
    found = check(tmp_path / "x.csv", 'x,k\n1,.\nNA,.\nNaN,.\n"NA",.\n,.\nnan,.\n', rules).violations
    assert [(item.rule, item.count) for item in found] == [("type", 2), ("required", 3)]


def test_examples_are_limited_single_lines(tmp_path: Path) -> None:
    values = [f'"{index}\n{"y" * 300}"' for index in range(9)]
    found = column(tmp_path, values, type="integer")["type"]
    assert found.count == 9
    assert len(found.examples) == 5
    assert all("\n" not in example and len(example) < 100 for example in found.examples)
    assert check(tmp_path / "x.csv", "a,b\nx,\n", examples=0).violations[0].examples == ()


def test_no_sensitive_value_is_shown(tmp_path: Path) -> None:
    secret = {"type": "integer", "role": "sensitive", "maximum": 3, "unique": True, "enum": [1]}
    data = check(tmp_path / "x.csv", "s,b\n41,\n41,\nabc,\n", contract({"s": secret}, primary_key=["s"]))
    said = data.model_dump_json()
    assert "41" not in said
    assert "abc" not in said
    assert {item.rule: item.examples for item in data.violations} == {
        "type": ("row 3",),
        "maximum": ("row 1", "row 2"),
        "enum": ("row 1", "row 2"),
        "primary_key": ("row 2 (as in row 1)",),
    }


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    names = [
        'a"b',
        "a|b",
        "__proto__",
        "<script>",
        "two\nlines",
        "../x",
        "c0",
        "r0",
        "n",
        "'; DROP TABLE t; --",
        "a",
        "A",
    ]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    rules = contract({name: {"type": "integer", "unique": True} for name in names}, extra_columns="forbid")
    data = check(
        tmp_path / "x.csv", f"{header}\n{','.join('1' * len(names))}\n{','.join('x' * len(names))}\n", rules
    )
    assert [(item.column, item.rule, item.count) for item in data.violations] == [
        (name.replace("\n", r"\n"), "type", 1) for name in names
    ]


@pytest.mark.parametrize("place", ["it's", "a[0]*?", "ü|x", "$(touch x)", "a,b;c"])
def test_a_path_is_only_a_path(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir()
    (tmp_path / "a0").mkdir()
    (tmp_path / "a0" / "x.csv").write_text("other\n1\n")
    assert check(tmp_path / place / "x.csv", "a,b\n1,x\n").violations == ()


def test_a_link_into_the_cache_is_followed(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "ab").write_text("a,b\n1,x\n")
    link = tmp_path / "raw.csv"
    link.symlink_to(tmp_path / "cache" / "ab")
    assert tables.check(link, contract(), name="raw.csv").rows == 1


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (codecs.BOM_UTF8 + b"a,b\n1,x\n", 1),
        (b"a,b\r\n1,x\r\n2,y\r\n", 2),
        (b"a,b\r1,x\r2,y\r", 2),
        (b'a,b\r\n1,"x\ny"\r\n2,"x\r\ny"\r\n', 2),
        (b"a,b\n1,x", 1),
        (b'"a","b"\n"1","x, ""y"""\n', 1),
        (b"\r\n\r\na,b\r\n1,x\r\n\r\n\r\n2,y\r\n\r\n", 2),
        ("a,b\n1,ünï ☃ 🦆\n".encode(), 1),
    ],
    ids=["bom", "crlf", "cr", "quoted-newlines", "no-last-newline", "quotes", "blank-lines", "unicode"],
)
def test_ways_to_write_text_are_all_read(tmp_path: Path, content: bytes, rows: int) -> None:
    data = check(tmp_path / "x.csv", content)
    assert (data.rows, data.violations) == (rows, ())


def test_tabs_and_gzip_are_told_by_the_name(tmp_path: Path) -> None:
    assert check(tmp_path / "x.tsv", "a\tb\n1\tx, y\n").violations == ()
    assert check(tmp_path / "x.CSV.gz", gzip.compress(b"a,b\n1,x\n")).rows == 1
    members = gzip.compress(b"a,b\n1,x\n") + gzip.compress(b"2,y\n")
    assert check(tmp_path / "y.csv.gz", members).rows == 2
    assert check(tmp_path / "x.tsv.gz", gzip.compress(b"a\tb\n1\tx\n")).rows == 1


def test_very_long_fields_are_read(tmp_path: Path) -> None:
    for size in (200 << 10, 3 << 20):
        data = check(
            tmp_path / "x.csv",
            f"a,b\n1,{'x' * size}\n2,y\n",
            contract({"b": {"type": "string", "max_length": 9}}),
        )
        assert data.rows == 2
        assert data.violations[0].message == f"1 of 2 rows: b longer than 9 characters (longest {size})"
        assert len(data.violations[0].examples[0]) < 100


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    for content in ("a,b\n", "a,b"):
        data = check(tmp_path / "x.csv", content)
        assert data.rows == 0
        assert [item.message for item in data.violations] == [
            "no rows: the file holds nothing but its header"
        ]
    assert check(tmp_path / "x.csv", "a,b\n", contract(rows={"min": 0})).outcome is Outcome.PASSED


def test_a_file_with_none_of_the_columns_still_has_its_rows_counted(tmp_path: Path) -> None:
    data = check(tmp_path / "x.csv", "x,y\n1,2\n3,4\n")
    assert data.rows == 2
    assert [item.message for item in data.violations] == ["column a is missing", "column b is missing"]


def test_only_gaps_leave_nothing_to_measure(tmp_path: Path) -> None:
    found = column(tmp_path, ["", "", ""], type="number", minimum=0, maximum=1, unique=True, required=True)
    assert {rule: item.count for rule, item in found.items()} == {"required": 3}


BAD = {
    "blank": ("x.csv", b"\n\n\n", "x.csv: holds blank lines only, without a header"),
    "ragged-more": ("x.csv", b"a,b\n1,x\n1,x,y\n", "x.csv:3: 3 fields where the header has 2"),
    "ragged-less": ("x.csv", b"a,b\n1,x\n1\n", "x.csv:3: 1 field where the header has 2"),
    "open-quote": (
        "x.csv",
        b'a,b\n1,x\n2,"y\n3,z\n',
        "x.csv:3: a quote is not closed, or text follows a closing one",
    ),
    "text-after-quote": (
        "x.csv",
        b'a,b\n1,"x"y\n',
        "x.csv:2: a quote is not closed, or text follows a closing one",
    ),
    "mixed-line-ends": (
        "x.csv",
        b"a,b\r\n1,x\n2,y\r\n",
        "x.csv: no well-formed CSV; perhaps some lines end in CRLF",
    ),
    "mixed-line-ends-above": (
        "x.csv",
        b"\n\na,b\r\n1,x\r\n",
        "x.csv:3: the line ends otherwise than the blank ones above",
    ),
    "mixed-line-ends-in-the-header": (
        "x.csv",
        b'"a\nb",b\r\n1,x\r\n',
        "x.csv:1: the line ends otherwise than the ones in its quotes (CRLF, LF)",
    ),
    "semicolons": (
        "x.csv",
        b"a;b\n1;x\n",
        "x.csv:1: one column found where the contract has 2: the fields are separated by ';', not ','",
    ),
    "tabs": (
        "x.csv",
        b"\na\tb\n1\tx\n",
        "x.csv:2: one column found where the contract has 2: the fields are separated by tabs, not ','",
    ),
    "commas-in-tsv": (
        "x.tsv",
        b"a,b\n1,x\n",
        "x.tsv:1: one column found where the contract has 2: the fields are separated by ',', not tabs",
    ),
    "latin-1": ("x.csv", "a,b\n1,x\n2,ü\n".encode("latin-1"), "x.csv:3: not UTF-8 text"),
    "latin-1-unread": ("x.csv", "a,b,c\n1,x,\n2,y,ü\n".encode("latin-1"), "x.csv:3: not UTF-8 text"),
    "cut-character": ("x.csv", b"a,b\n1,\xe2\x98", "x.csv:2: not UTF-8 text"),
    "utf-16": ("x.csv", "a,b\n1,x\n".encode("utf-16"), "x.csv: holds UTF-16 text, not CSV text"),
    "nul": ("x.csv", b"a,b\n1,x\n2,\0\n", "x.csv:3: holds a NUL byte: damaged, or not UTF-8 text"),
    "twice": ("x.csv", b"a,b,a\n1,x,2\n", "x.csv:1: columns 1 and 3 are both called a"),
    "no-names": ("x.csv", b"a,,\n1,x,2\n", "x.csv:1: columns 2 and 3 have no name"),
    "long-header": (
        "x.csv",
        b"a," + b"b" * 200_000 + b"\n1,x\n",
        "x.csv:1: the header cannot be read: field larger than",
    ),
    "excel": ("x.csv", b"PK\x03\x04rest", "x.csv: holds a zip archive or an Excel workbook, not CSV text"),
    "parquet-as-csv": ("x.csv", b"PAR1....PAR1", "x.csv: holds Parquet, not CSV text"),
    "gzip-as-csv": ("x.csv", gzip.compress(b"a,b\n1,x\n"), "x.csv: holds gzip, not CSV text"),
    "csv-as-gzip": (
        "x.csv.gz",
        b"a,b\n1,x\n",
        "x.csv.gz: damaged or no gzip file: Not a gzipped file (b'a,')",
    ),
    "gzip-cut": ("x.csv.gz", gzip.compress(b"a,b\n1,x\n")[:-9], "x.csv.gz: the gzip file is cut off"),
    "gzip-without-sum": ("x.csv.gz", gzip.compress(b"a,b\n1,x\n")[:-8], "x.csv.gz: the gzip file is cut off"),
    "gzip-empty": ("x.csv.gz", gzip.compress(b""), "x.csv.gz: holds blank lines only, without a header"),
    "csv-as-parquet": (
        "x.parquet",
        b"a,b\n1,x\n" * 9,
        "x.parquet: damaged or no Parquet file: No magic bytes found",
    ),
    "parquet-stub": ("x.parquet", b"PAR1", "x.parquet: damaged or no Parquet file:"),
    "unknown": ("x.xlsx", b"PK\x03\x04", "x.xlsx: the name does not tell the format"),
    "no-suffix": ("data", b"a,b\n1,x\n", "data: the name does not tell the format"),
    "only-gz": ("x.gz", b"a,b\n1,x\n", "x.gz: the name does not tell the format"),
}


@pytest.mark.parametrize(("name", "content", "reason"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(DataError) as caught:
        check(tmp_path / name, content)
    assert caught.value.message.startswith(reason)
    assert "\n" not in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert caught.value.exit_code == 3


def test_a_wrong_checksum_in_gzip_is_found(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(b"a,b\n" + b"1,x\n" * 10_000))
    content[-6] ^= 255
    with pytest.raises(DataError, match="damaged or no gzip file: CRC check failed"):
        check(tmp_path / "x.csv.gz", bytes(content))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_cut_parquet_file_is_found(tmp_path: Path, part: float) -> None:
    whole = parquet(
        tmp_path / "whole.parquet", "SELECT i AS a, 'x' || i AS b FROM range(5000) t(i)"
    ).read_bytes()
    with pytest.raises(DataError, match="damaged or no Parquet file"):
        check(tmp_path / "x.parquet", whole[: int(len(whole) * part)])


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9, 0.98])
def test_a_damaged_parquet_file_never_ends_in_a_traceback(tmp_path: Path, at: float) -> None:
    whole = bytearray(
        parquet(tmp_path / "whole.parquet", "SELECT i AS a, 'x' || i AS b FROM range(5000) t(i)").read_bytes()
    )
    start = int(len(whole) * at)
    whole[start : start + 40] = b"\xff" * 40
    with suppress(DataError):
        assert check(tmp_path / "x.parquet", bytes(whole)).rows is not None


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "dir.csv").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    for name, reason in (
        ("gone.csv", "gone.csv: no such file"),
        ("fifo.csv", "fifo.csv: is not a regular file"),
        ("dir.csv", "dir.csv: is a directory without data files"),
        ("empty.csv", "empty.csv: is empty, without even a header"),
        ("empty.csv/x.csv", "empty.csv/x.csv: Not a directory"),
        ("loop.csv", "loop.csv: Too many levels of symbolic links"),
    ):
        with pytest.raises(DataError) as caught:
            tables.check(tmp_path / name, contract(), name=name)
        assert caught.value.message == reason


def test_a_header_without_end_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "WINDOWS", (10, 1000))
    with pytest.raises(DataError, match="the header does not end within"):
        check(tmp_path / "x.csv", ",".join(f"c{index}" for index in range(1000)) + "\n1\n")
    assert check(tmp_path / "x.csv", "a,b\n" + "1,x\n" * 1000).rows == 1000


def test_faults_beyond_the_first_chunk_have_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "CHUNK", 7)  # characters and lines across the edges of chunks
    good = "a,b\n" + "1,üü☃\n" * 50
    assert check(tmp_path / "x.csv", good).rows == 50
    for fault, what in ((b"\xff", "not UTF-8 text"), (b"\0", "holds a NUL byte")):
        with pytest.raises(DataError, match=f"x.csv:52: {what}"):
            check(tmp_path / "x.csv", good.encode() + b"2," + fault + b"\n")


def test_a_file_that_changes_meanwhile_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    measured = measuring.measure

    def meanwhile(*args: Any, **more: Any) -> Any:
        found = measured(*args, **more)
        path.write_text("a,b\n1,x\n2,y\n")
        return found

    monkeypatch.setattr(tables, "measure_open", meanwhile)
    with pytest.raises(DataError, match="changed while it was read"):
        check(path, "a,b\n1,x\n")


def test_a_pattern_that_the_engine_refuses_is_a_fault_of_the_contract(tmp_path: Path) -> None:
    rules = contract(
        {"a": {"type": "string", "pattern": "a{2000}"}, "b": {"type": "string", "pattern": "(b"}}
    )
    with pytest.raises(ConfigError) as caught:
        check(tmp_path / "x.csv", "a,b\n", rules, contract_name="s.yaml", lines=len)
    assert caught.value.problems == (
        "s.yaml:3: columns.a.pattern: invalid repetition size: {2000}",
        "s.yaml:3: columns.b.pattern: missing ): (b",
    )
    assert caught.value.exit_code == 2


def test_the_engine_reads_nothing_but_the_file(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("secret\n1\n")
    path = tmp_path / "x.csv"
    path.write_text("a,b\n")
    with engine.opened({path: "x.csv"}) as database:
        for statement in (
            f"SELECT * FROM '{other}'",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            "INSTALL spatial",
            "SELECT * FROM 'http://127.0.0.1:9/x.csv'",
            "SET enable_external_access = true",
        ):
            with pytest.raises(DataError):
                database.rows(statement)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["other.csv", "x.csv"]


def test_no_temporary_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spill"))
    (tmp_path / "spill").mkdir()
    assert check(tmp_path / "x.csv", "a,b\n1,x\n").rows == 1
    with pytest.raises(DataError):
        check(tmp_path / "x.csv", "a,b\n1\n")
    assert list((tmp_path / "spill").iterdir()) == []


def test_without_a_place_for_temporary_files_small_data_are_still_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert check(tmp_path / "x.csv", "a,b\n1,x\n").rows == 1


def test_an_interrupt_ends_the_query_as_an_interrupt(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n")
    with engine.opened({path: "x.csv"}) as database:
        timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            database.rows("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b")
        timer.join()


def test_a_parquet_file_is_checked_in_its_own_types(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "x.parquet",
        """SELECT * FROM (VALUES
        (1::BIGINT, 1.0::DOUBLE, 1.5::FLOAT, 'AA', true, DATE '2026-01-01', TIMESTAMP '2026-01-01 12:00:00', 1.50::DECIMAL(9,2)),
        (2, 2.5, 'nan'::FLOAT, 'b', false, DATE '2027-01-01', TIMESTAMP '2026-01-01 00:00:00', 2.00),
        (NULL, 'inf'::DOUBLE, 99.5, NULL, NULL, NULL, NULL, NULL)
        ) t(whole, gaps, share, code, flag, day, moment, price)""",
    )
    rules = contract(
        {
            "whole": {"type": "integer", "required": True},
            "gaps": {"type": "integer"},
            "share": {"type": "number", "required": True, "maximum": 50},
            "code": {"type": "string", "pattern": "[A-Z]+"},
            "flag": {"type": "boolean", "enum": [True]},
            "day": {"type": "date", "maximum": "2026-12-31"},
            "moment": {"type": "date"},
            "price": {"type": "number", "minimum": 1.75},
        },
        extra_columns="forbid",
    )
    data = tables.check(path, rules, name="x.parquet")
    assert [(item.message, item.examples) for item in data.violations] == [
        ("1 of 3 rows: whole has no value", ("row 3",)),
        ("2 of 3 rows: gaps is not an integer; the file keeps it as DOUBLE", ("row 2: 2.5", "row 3: inf")),
        ("1 of 3 rows: share has no value", ("row 2",)),
        ("1 of 3 rows: share above maximum 50 (largest 99.5)", ("row 3: 99.5",)),
        ("1 of 3 rows: code does not match [A-Z]+", ("row 2: b",)),
        ("1 of 3 rows: flag is not True", ("row 2: false",)),
        ("1 of 3 rows: day above maximum 2026-12-31 (largest 2027-01-01)", ("row 2: 2027-01-01",)),
        (
            "1 of 3 rows: moment is not a date; the file keeps it as TIMESTAMP",
            ("row 1: 2026-01-01 12:00:00",),
        ),
        ("1 of 3 rows: price below minimum 1.75 (smallest 1.5)", ("row 1: 1.50",)),
    ]


def test_a_parquet_column_of_another_type_breaks_it_in_every_row_with_a_value(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "x.parquet",
        "SELECT '1' AS a, [1, 2] AS b, {'a': 1, 'b': 2} AS c FROM range(3) UNION ALL SELECT NULL, NULL, NULL",
    )
    for kind in ("integer", "number", "boolean", "date", "datetime"):
        data = tables.check(path, contract({"a": {"type": kind, "unique": True}}), name="x.parquet")
        assert [(item.rule, item.count) for item in data.violations] == [("type", 3)]
    data = tables.check(path, contract({"b": {"type": "string"}, "c": {"type": "number"}}), name="x.parquet")
    assert [(item.count, item.examples[0]) for item in data.violations] == [
        (3, "row 1: [1, 2]"),
        (3, "row 1: {'a': 1, 'b': 2}"),
    ]


def test_parquet_columns_that_differ_in_case_are_two(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "x.parquet", "SELECT 1 AS aa, 'x' AS \"ab\"").read_bytes()
    # DuckDB itself never writes such a file, pandas does.
    (tmp_path / "x.parquet").write_bytes(whole.replace(b"ab", b"AA"))
    rules = contract({"aa": {"type": "integer"}, "AA": {"type": "string"}}, extra_columns="forbid")
    assert tables.check(tmp_path / "x.parquet", rules, name="x.parquet").violations == ()
    (tmp_path / "x.parquet").write_bytes(whole.replace(b"ab", b"aa"))
    with pytest.raises(DataError, match="columns 1 and 2 are both called aa"):
        tables.check(tmp_path / "x.parquet", rules, name="x.parquet")


def test_wide_tables_are_checked_too(tmp_path: Path) -> None:
    names = [f"c{index}" for index in range(600)]
    rules = contract(
        {name: {"type": "number", "required": True, "minimum": 0, "maximum": 9} for name in names}
    )
    content = "\n".join([",".join(names), *(",".join(str(row) for _ in names) for row in (1, 5, 10))]) + "\n"
    data = check(tmp_path / "x.csv", content, rules)
    assert [item.column for item in data.violations] == names
    assert data.violations[599].examples == ("row 3: 10",)
