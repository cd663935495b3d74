"""Logs and labels as no server should write them: counted, told, and never a bug."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import monitored
from tests.monitored import Row, check, requests, write_labels, write_log
from tests.releases import command

GOOD = 150


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return monitored.released(tmp_path_factory.mktemp("source") / "project")


def odd(**fields: Any) -> Row:
    return {**requests(1, seed=77)[0], **fields}


LINES: dict[str, str | bytes] = {
    "features that are a list": json.dumps(odd(features=[1, 2])),
    "features that are text": json.dumps(odd(features="size")),
    "features of another kind": json.dumps(
        odd(features={"size": {"deep": [1]}, "age": "x" * 5_000, "site": 5})
    ),
    "features with odd names": json.dumps(
        odd(features={"": 1, "a\u0000b": 2, "'; DROP TABLE every; --": 3, "Size": 4})
    ),
    "no features at all": json.dumps(odd(features={})),
    "a number for an id": json.dumps(odd(id=5)),
    "an object for an id": json.dumps(odd(id={"a": 1})),
    "a time that is a number": json.dumps(odd(time=1_700_000_000)),
    "a time that never was": json.dumps(odd(time="2026-02-30T00:00:00Z")),
    "a time in another zone": json.dumps(odd(time="2026-02-01T05:00:00+05:00")),
    "a status that is text": json.dumps(odd(status="fine")),
    "milliseconds that are text": json.dumps(odd(milliseconds="fast")),
    "endless milliseconds": '{"id":"x","time":"2026-02-01T01:00:00Z","model":"toy","version":"0.1.0","milliseconds":1e999}',
    "a score of words": json.dumps(odd(score={"malignant": "high"})),
    "a score of lists": json.dumps(odd(score=[0.5])),
    "a prediction that is an object": json.dumps(odd(prediction={"a": 1})),
    "a key that stands twice": '{"id":"1","id":"2","time":"2026-02-01T01:00:00Z","model":"toy","version":"0.1.0"}',
    "NaN": '{"id":"x","time":"2026-02-01T01:00:00Z","model":"toy","version":"0.1.0","features":{"size":NaN}}',
    "half a character": '{"id":"\\ud800","time":"2026-02-01T01:00:00Z","model":"toy","version":"0.1.0"}',
    "bytes that are no text": b'{"id":"\xff\xfe"}',
    "a NUL": b'{"id":"a\x00b"}',
    "deep": "[" * 3_000 + "]" * 3_000,
    "long": json.dumps(odd(error="x" * 3_000_000)),
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_one_odd_line_spoils_nothing(project: Path, tmp_path: Path, line: str | bytes) -> None:
    path = write_log(tmp_path / "log", requests(GOOD))
    with path.open("ab") as stream:
        stream.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
    write_log(tmp_path / "log", requests(10, seed=3), name="20260201T000000Z-8-0")
    done = check(project, tmp_path / "log", "--json", "--no-record")
    assert done.code in {0, 1}, done.err
    traffic = done.json["traffic"]
    assert GOOD + 10 <= traffic["rows"] <= GOOD + 11
    assert traffic["unreadable"] <= 1


@pytest.mark.parametrize("milliseconds", ["nan", "inf", "-inf", None, "fast"])
def test_times_that_are_no_numbers_are_no_latency(project: Path, tmp_path: Path, milliseconds: Any) -> None:
    write_log(tmp_path / "log", requests(GOOD, milliseconds=milliseconds))
    done = check(project, tmp_path / "log", "--json", "--no-record")
    assert done.code == 0, done.err
    assert (done.json["traffic"]["rows"], done.json["traffic"]["timed"]) == (GOOD, 0)


def test_a_line_beyond_all_bounds_is_told(project: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "log", [*requests(GOOD), json.dumps(odd(error="x" * 20_000_000))])
    done = check(project, tmp_path / "log", "--no-record")
    assert done.code == 3
    assert "requests-20260201T000000Z-7-0.jsonl: " in done.err


LABELS = (
    {"id": "2-0-0"},
    {"label": "benign"},
    {"id": "2-0-1", "label": None},
    {"id": "2-0-2", "label": ["benign"]},
    {"id": "2-0-3", "label": {"a": 1}},
    {"id": "2-0-4", "label": 5, "time": "never"},
    {"id": ["2-0-5"], "label": "benign"},
    {"id": "2-0-6", "label": "x" * 100_000},
)


def test_odd_labels_spoil_nothing(project: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "log", requests(GOOD))
    path = write_labels(tmp_path / "log", LABELS)
    with path.open("ab") as stream:
        stream.write(b'not json\n[1]\n\xff\xfe\n{"id":"torn')
    done = check(project, tmp_path / "log", "--json", "--no-record")
    assert done.code in {0, 1}, done.err
    assert done.json["labelled"] <= len(LABELS)
    again = command(tmp_path, "monitor", "label", str(path), "--log", "log")
    assert again.code == 3, "as a file that is handed in, every line of it must be one"


def test_files_that_are_none_are_passed_over(project: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "log", requests(GOOD))
    (tmp_path / "log" / "requests-directory.jsonl").mkdir()
    (tmp_path / "log" / "requests-20260101.jsonl.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "log" / "notes.txt").write_text("hello")
    assert check(project, tmp_path / "log", "--no-record").code == 0
