"""`mltools monitor label`: labels find their requests, once, and what is wrong with them is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.monitored import Row, labels, requests, write_labels, write_log
from tests.releases import command
from tests.support import Result


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write_log(tmp_path / "log", requests(10))
    return tmp_path / "log"


def hand(log: Path, text: str, *args: str, name: str = "outcomes.csv") -> Result:
    (log.parent / name).write_text(text)
    return command(log.parent, "monitor", "label", name, "--log", "log", *args)


def counts(done: Result) -> Row:
    kept = ("new", "changed", "same", "unknown", "conflicting", "misfit", "empty")
    return {key: value for key, value in done.json.items() if key in kept and value}


def written(log: Path) -> list[Any]:
    return [
        json.loads(line)
        for path in sorted(log.glob("labels-*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_labels_are_appended_as_a_file_of_the_log(log: Path) -> None:
    done = hand(
        log, "id,label,time\n2-0-0,benign,2026-02-05T10:00:00Z\n2-0-1,malignant,2026-02-05T11:00:00+01:00\n"
    )
    (file,) = log.glob("labels-*.jsonl")
    assert (done.code, done.out) == (0, f"wrote 2 labels to {file.name}\n")
    assert written(log) == [
        {"id": "2-0-0", "label": "benign", "time": "2026-02-05T10:00:00.000Z"},
        {"id": "2-0-1", "label": "malignant", "time": "2026-02-05T10:00:00.000Z"},
    ]
    assert [path.name for path in log.iterdir() if path.name.startswith(".")] == []


def test_the_same_file_again_writes_nothing(log: Path) -> None:
    text = "id,label\n2-0-0,benign\n2-0-1,malignant\n"
    hand(log, text)
    done = hand(log, text)
    assert (done.code, done.out) == (0, "nothing new to write\n")
    assert "2 ids are labelled so before" in done.err
    assert len(list(log.glob("labels-*.jsonl"))) == 1


def test_another_label_is_a_correction(log: Path) -> None:
    hand(log, "id,label\n2-0-0,benign\n2-0-1,benign\n")
    done = hand(log, "id,label\n2-0-0,malignant\n2-0-1,benign\n2-0-2,benign\n", "--json")
    assert counts(done) == {"new": 1, "changed": 1, "same": 1}
    assert done.json["written"] == 2


def test_ids_of_no_request_are_told_and_left_out(log: Path) -> None:
    done = hand(log, "id,label\n2-0-0,benign\nnobody,benign\n,benign\n2-0-1,\n")
    assert done.code == 0
    assert "1 id is of no request in this log: nobody" in done.err
    assert "2 rows left out without an id or a label" in done.err
    assert [line["id"] for line in written(log)] == ["2-0-0"]


def test_a_file_that_contradicts_itself_is_told_and_the_rest_is_written(log: Path) -> None:
    done = hand(log, "id,label\n2-0-0,benign\n2-0-0,malignant\n2-0-1,benign\n2-0-1,benign\n")
    assert done.code == 1
    assert "1 id is labelled in several ways by the file itself, and left out: 2-0-0" in done.err
    assert [line["id"] for line in written(log)] == ["2-0-1"]


@pytest.mark.parametrize(
    ("prediction", "label", "kept"),
    [
        (1.5, "2.50", 2.5),
        (3, "7", 7),
        (3, "1e3", 1000),
        (True, "1", True),
        (True, "False", False),
        ("a", "1", "1"),
        ("a", 'ä "quoted"', 'ä "quoted"'),
    ],
)
def test_a_label_is_kept_as_the_model_answers(tmp_path: Path, prediction: Any, label: str, kept: Any) -> None:
    write_log(tmp_path / "log", requests(1, prediction=prediction))
    done = hand(tmp_path / "log", json.dumps({"id": "2-0-0", "label": label}) + "\n", name="x.jsonl")
    assert done.code == 0, done.err
    assert [line["label"] for line in written(tmp_path / "log")] == [kept]


@pytest.mark.parametrize(
    ("prediction", "label"), [(1.5, "high"), (1.5, "nan"), (2, "1e999"), (2, "1" * 400), (True, "maybe")]
)
def test_a_label_that_the_model_could_never_answer_is_left_out(
    tmp_path: Path, prediction: Any, label: str
) -> None:
    write_log(tmp_path / "log", requests(1, prediction=prediction))
    done = hand(tmp_path / "log", f"id,label\n2-0-0,{label}\n")
    assert done.code == 1
    assert f"1 label left out that the model could never answer: {label[:50]}" in done.err
    assert written(tmp_path / "log") == []


def test_clocks_that_are_wrong_are_told(log: Path) -> None:
    done = hand(
        log,
        "id,label,time\n2-0-0,benign,1999-01-01T00:00:00Z\n2-0-1,benign,2999-01-01T00:00:00Z\n2-0-2,benign,noon\n",
    )
    assert "1 label dated before the request" in done.err
    assert "1 label dated in the future; they are taken as of now" in done.err
    assert all(line["time"] < "2999" for line in written(log))


def test_columns_may_be_called_otherwise(log: Path) -> None:
    done = hand(log, "request,diagnosis\n2-0-0,benign\n", "--id", "request", "--label", "diagnosis")
    assert done.code == 0
    assert len(written(log)) == 1


def test_a_dry_run_writes_nothing(log: Path) -> None:
    before = sorted(log.iterdir())
    done = hand(log, "id,label\n2-0-0,benign\n", "--dry-run")
    assert (done.code, done.out) == (0, "would write 1 label\n")
    assert sorted(log.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("ID,label\n1,2\n", "x.csv", "has no column id; did you mean ID?"),
        ("", "x.csv", "is empty"),
        ('{"id": 1\n', "x.jsonl", "no JSON"),
        ("id,label\n1\n", "x.csv", "1 field where the header has 2"),
        ("x", "x.txt", "the name does not tell the format"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_3(log: Path, text: str, name: str, words: str) -> None:
    done = hand(log, text, name=name)
    assert (done.code, done.out) == (3, "")
    assert words in done.err
    assert [path.name for path in log.iterdir() if not path.name.startswith("requests")] == []


def test_without_a_log_no_label_belongs_to_anything(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    done = hand(tmp_path / "log", "id,label\n1,2\n")
    assert done.code == 3
    assert "no request log there" in done.err
    (tmp_path / "log").rmdir()
    assert "no such directory" in hand(tmp_path / "log", "id,label\n1,2\n").err


def test_a_label_that_a_kill_cut_off_counts_for_nothing(log: Path) -> None:
    write_labels(log, labels(requests(1))).write_text('{"id":"2-0-0","label":"ben')
    done = hand(log, "id,label\n2-0-0,benign\n", "--json")
    assert counts(done) == {"new": 1}


def test_several_files_in_one_second_have_names_of_their_own(log: Path) -> None:
    for number in range(4):
        assert hand(log, f"id,label\n2-0-{number},benign\n").code == 0
    assert len(written(log)) == 4
