"""`mltools data add`: rows reach the data set once, checked, whole or not at all, and DVC knows."""

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from mltools.edges import documents
from tests.projects import FILES, dvc, make_project
from tests.releases import command, md5
from tests.support import Result, commit, git, make_repo

HEADER = "id,size,label\n"
OLD = FILES["data/raw.csv"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with its data under DVC, made once."""
    place = make_project(tmp_path_factory.mktemp("source") / "project")
    git(place, "rm", "-q", "--cached", "data/raw.csv")
    dvc(place, "add", "data/raw.csv")
    commit(place, {}, "Track the data with DVC")
    return place


@pytest.fixture
def project(source: Path, tmp_path: Path) -> Path:
    place = tmp_path / "project"
    subprocess.run(["cp", "-a", str(source), str(place)], check=True)
    return place


def plain(tmp_path: Path, name: str, content: bytes | str, **changes: str) -> Path:
    """A project without DVC's own files whose data lie in Git, in the format that the name says."""
    place = make_repo(tmp_path / "plain")
    files = {**FILES, **changes}
    del files["data/raw.csv"]
    files["mltools.yaml"] = files["mltools.yaml"].replace("data/raw.csv", name)
    (place / name).parent.mkdir(parents=True)
    (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    commit(place, files, "Start")
    return place


def add(project: Path, text: str | None, *args: str, name: str = "new.csv") -> Result:
    if text is not None:
        (project / name).write_text(text)
    return command(project, "data", "add", name, *args)


def data(project: Path) -> str:
    return (project / "data/raw.csv").read_text()


def tracked(project: Path) -> str:
    tree = documents.read_yaml((project / "data/raw.csv.dvc").read_bytes(), "raw.csv.dvc")
    return str(tree["outs"][0]["md5"])


def left(project: Path) -> list[str]:
    return [path.name for path in (project / "data").iterdir() if path.name.startswith(".raw")]


def test_rows_are_appended_and_dvc_knows(project: Path) -> None:
    done = add(project, HEADER + "41,1.50,yes\n42,2.5,no\n")
    assert (done.code, done.out) == (0, "data/raw.csv: 2 rows added; 40 before, 42 now\n")
    assert data(project) == OLD + "41,1.50,yes\n42,2.5,no\n"
    assert tracked(project) == md5(data(project))
    assert (
        "git add data/raw.csv.dvc && git commit -m 'Add 2 rows to data/raw.csv from new.csv (MD5 " in done.err
    )
    assert left(project) == []
    assert git(project, "status", "--porcelain", "data") == " M data/raw.csv.dvc"


def test_the_same_file_again_adds_nothing(project: Path) -> None:
    add(project, HEADER + "41,1.5,yes\n")
    before = (project / "data/raw.csv.dvc").read_bytes()
    done = add(project, None)
    assert (done.code, done.out) == (0, "data/raw.csv: nothing new in 1 row\n")
    assert (project / "data/raw.csv.dvc").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + "1,9.5,yes\n41,1,no\n", "1 id is in the data set already, with other values: 1"),
        (HEADER + "41,1,no\n41,2,no\n", "new.csv: "),
        (HEADER + "41,99,no\n", "size above maximum 10"),
        (HEADER + "41,1,maybe\n", "label is none of"),
        (HEADER + "41,,no\n", "size"),
        ("id,size\n41,1\n", "new.csv: has no column label"),
        ("id,size,label,more\n41,1,no,2\n", "new.csv: has the column more beside those of data/raw.csv"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(project: Path, text: str, words: str) -> None:
    done = add(project, text)
    assert done.code == 1
    assert done.out.startswith("data/raw.csv: refused, nothing was written\n")
    assert words in done.out
    assert data(project) == OLD
    assert tracked(project) == md5(OLD)
    assert left(project) == []


def test_ids_that_are_there_may_be_skipped(project: Path) -> None:
    done = add(project, HEADER + "1,9.5,no\n41,1,no\n", "--duplicates", "skip")
    assert done.out == "data/raw.csv: 1 row added, 1 skipped; 40 before, 41 now\n"
    assert data(project) == OLD + "41,1,no\n"


def test_ids_that_are_there_may_be_replaced_in_their_places(project: Path) -> None:
    done = add(project, HEADER + "41,1,no\n2,9.25,no\n1,1.5,yes\n", "--duplicates", "replace")
    assert done.out == "data/raw.csv: 1 row added, 1 replaced, 1 there already; 40 before, 41 now\n"
    lines = OLD.splitlines()
    assert data(project).splitlines() == [*lines[:2], "2,9.25,no", *lines[3:], "41,1,no"]


def test_columns_may_stand_in_another_order(project: Path) -> None:
    assert add(project, "label,id,size\nno,41,1.0\n").code == 0
    assert data(project).endswith("41,1.0,no\n")


def test_several_files_are_one_batch(project: Path) -> None:
    (project / "a.csv").write_text(HEADER + "41,1,no\n")
    (project / "b.jsonl").write_text(
        '{"id": 42, "size": 1.25, "label": "yes"}\n{"label": "no", "id": 43, "size": 7}\n'
    )
    pq.write_table(pa.table({"id": [44], "size": [0.5], "label": ["no"]}), project / "c.parquet")
    done = command(project, "data", "add", "a.csv", "b.jsonl", "c.parquet", "--json")
    assert done.code == 0
    assert [(batch["path"], batch["rows"]) for batch in done.json["batches"]] == [
        ("a.csv", 1),
        ("b.jsonl", 2),
        ("c.parquet", 1),
    ]
    assert done.json["fates"]["new"] == 4
    assert data(project) == OLD + "41,1,no\n42,1.25,yes\n43,7,no\n44,0.5,no\n"


def test_an_id_in_two_of_the_files_is_refused(project: Path) -> None:
    (project / "a.csv").write_text(HEADER + "41,1,no\n")
    (project / "b.csv").write_text(HEADER + "41,2,no\n")
    done = command(project, "data", "add", "a.csv", "b.csv")
    assert (done.code, "1 id is in several of the new rows: 41" in done.out) == (1, True)


def test_a_dry_run_writes_nothing(project: Path) -> None:
    done = add(project, HEADER + "41,1,no\n", "--dry-run")
    assert (done.code, done.out) == (0, "would be: data/raw.csv: 1 row added; 40 before, 41 now\n")
    assert data(project) == OLD


def test_rules_over_the_whole_data_set_are_checked_before_it_is_written(tmp_path: Path) -> None:
    schema = FILES["schemas/raw.yaml"].replace("rows: {min: 10}", "rows: {min: 10, max: 41}")
    place = plain(tmp_path, "data/raw.csv", OLD, **{"schemas/raw.yaml": schema})
    done = add(place, HEADER + "41,1,no\n42,1,no\n")
    assert done.code == 1
    assert "with the new rows: data/raw.csv: 42 rows" in done.out
    assert data(place) == OLD


def test_data_that_dvc_does_not_track_are_written_all_the_same(tmp_path: Path) -> None:
    place = plain(tmp_path, "data/raw.csv", OLD)
    done = add(place, HEADER + "41,1,no\n")
    assert done.code == 0
    assert "is not tracked by DVC" in done.err
    assert "git add data/raw.csv && " in done.err


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (OLD.rstrip("\n"), HEADER + "41,1,no\n", OLD + "41,1,no\n"),
        (OLD.replace("\n", "\r\n"), HEADER + "41,1,no\n", OLD + "41,1,no\n"),
        ("\ufeff" + OLD, HEADER + "41,1,no\n", "\ufeff" + OLD + "41,1,no\n"),
        (OLD, HEADER.replace("\n", "\r\n") + '41,1,"no"\r\n', OLD + "41,1,no\n"),
    ],
)
def test_line_ends_and_marks_of_text_files_are_kept_apart(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    place = plain(tmp_path, "data/raw.csv", old)
    done = add(place, new)
    assert done.code == 0, done.out + done.err
    assert (place / "data/raw.csv").read_bytes().decode() == expected


SCHEMA = """\
schema: 1
columns:
  id: {type: integer, required: true, unique: true}
  note: {type: string}
  done: {type: boolean}
missing_values: ["", "NA"]
"""


def test_text_is_quoted_where_it_must_be_and_gaps_are_gaps(tmp_path: Path) -> None:
    place = plain(
        tmp_path, "data/raw.csv", 'id,note,done\n1,"a, ""b""\nc",true\n', **{"schemas/raw.yaml": SCHEMA}
    )
    done = add(place, 'id,note,done\n2,"x, ""y""\nz",NA\n3,NA,0\n')
    assert done.code == 0, done.out
    assert data(place) == 'id,note,done\n1,"a, ""b""\nc",true\n2,"x, ""y""\nz",\n3,,0\n'


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    old = '{"id": 1, "note": "a", "done": true}\n'
    place = plain(tmp_path, "data/raw.jsonl", old, **{"schemas/raw.yaml": SCHEMA})
    done = add(place, 'id,note,done\n2,5,1\n3,"ä ""q""",NA\n')
    assert done.code == 0, done.out + done.err
    lines = [json.loads(line) for line in (place / "data/raw.jsonl").read_text().splitlines()]
    assert lines == [
        {"id": 1, "note": "a", "done": True},
        {"id": 2, "note": "5", "done": True},
        {"id": 3, "note": 'ä "q"', "done": None},
    ]
    again = add(place, None)
    assert again.out == "data/raw.jsonl: nothing new in 2 rows\n"
    replaced = add(
        place, '{"id": 1, "note": "b", "done": false}\n', "--duplicates", "replace", name="x.jsonl"
    )
    assert replaced.code == 0
    assert json.loads((place / "data/raw.jsonl").read_text().splitlines()[0])["note"] == "b"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    (tmp_path / "raw.parquet").touch()
    table = pa.table({"id": pa.array([1, 2], pa.int32()), "note": ["a", None], "done": [True, False]})
    pq.write_table(table, tmp_path / "raw.parquet")
    place = plain(
        tmp_path, "data/raw.parquet", (tmp_path / "raw.parquet").read_bytes(), **{"schemas/raw.yaml": SCHEMA}
    )
    assert add(place, "id,note,done\n3,c,true\n").code == 0
    assert add(place, "id,note,done\n2,b,NA\n", "--duplicates", "replace").code == 0
    found = pq.read_table(place / "data/raw.parquet")
    assert found.schema.field("id").type == pa.int32()
    assert found.to_pylist() == [
        {"id": 1, "note": "a", "done": True},
        {"id": 2, "note": "b", "done": None},
        {"id": 3, "note": "c", "done": True},
    ]


def test_a_value_that_the_columns_type_cannot_hold_is_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"id": pa.array([1], pa.int8()), "note": ["a"], "done": [True]}), tmp_path / "x.parquet"
    )
    place = plain(
        tmp_path, "data/raw.parquet", (tmp_path / "x.parquet").read_bytes(), **{"schemas/raw.yaml": SCHEMA}
    )
    done = add(place, "id,note,done\n1000,c,true\n")
    assert (done.code, "1 value cannot be of the type" in done.out) == (1, True)


def test_gzip_files_stay_gzip_files(tmp_path: Path) -> None:
    place = plain(tmp_path, "data/raw.csv.gz", gzip.compress(OLD.encode()))
    assert add(place, HEADER + "41,1,no\n").code == 0
    assert gzip.decompress((place / "data/raw.csv.gz").read_bytes()).decode() == OLD + "41,1,no\n"


def test_without_a_key_nothing_is_a_duplicate_and_that_is_told(tmp_path: Path) -> None:
    schema = "schema: 1\ncolumns:\n  id: {type: integer}\n  size: {type: number}\n  label: {type: string}\n"
    place = plain(tmp_path, "data/raw.csv", OLD, **{"schemas/raw.yaml": schema})
    done = add(place, HEADER + "1,1.5,yes\n")
    assert done.code == 0
    assert "names no primary key" in done.err
    assert data(place).count("1,1.5,yes\n") == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--to", "data/nope.csv"), "data/nope.csv is no data set"),
        (("--duplicates", "maybe"), "--duplicates"),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    done = add(plain(tmp_path, "data/raw.csv", OLD), HEADER + "41,1,no\n", *args)
    assert (done.code, words in done.err) == (2, True)


def test_a_data_set_is_not_added_to_itself(tmp_path: Path) -> None:
    place = plain(tmp_path, "data/raw.csv", OLD)
    assert add(place, None, name="data/raw.csv").code == 2


def test_what_a_stage_writes_is_not_added_to(tmp_path: Path) -> None:
    pipeline = "stages:\n  make:\n    cmd: x\n    outs: [data/raw.csv]\n"
    done = add(plain(tmp_path, "data/raw.csv", OLD, **{"dvc.yaml": pipeline}), HEADER + "41,1,no\n")
    assert (done.code, "is written by a stage" in done.err) == (2, True)


def test_data_that_are_not_here_are_to_be_pulled_first(project: Path) -> None:
    (project / "data/raw.csv").unlink()
    done = add(project, HEADER + "41,1,no\n")
    assert (done.code, "mltools data pull" in done.err) == (2, True)


@pytest.mark.parametrize("text", ["", "id,size,label\n41,1\n"])
def test_a_file_that_cannot_be_read_ends_with_3(tmp_path: Path, text: str) -> None:
    place = plain(tmp_path, "data/raw.csv", OLD)
    assert add(place, text).code == 3
    assert data(place) == OLD


def test_where_dvc_fails_the_old_rows_come_back(project: Path) -> None:
    (project / "data/raw.csv.dvc").write_text("outs: [broken\n")
    done = add(project, HEADER + "41,1,no\n")
    assert (done.code, "is invalid" in done.err) == (2, True)
    assert data(project) == OLD
    assert left(project) == []


def test_a_call_that_was_killed_before_dvc_knew_is_ended_by_the_next(project: Path) -> None:
    rows = HEADER + "41,1,no\n"
    (project / "data/raw.csv").unlink()
    (project / "data/raw.csv").write_text(OLD + "41,1,no\n")
    done = add(project, rows)
    assert done.code == 0
    assert tracked(project) == md5(OLD + "41,1,no\n")


def test_a_kill_leaves_the_old_rows_or_the_new_ones(project: Path) -> None:
    """Killed at several moments of its life, and run again, the rows are there once."""
    new = HEADER + "".join(f"{number},1,no\n" for number in range(41, 3_041))
    (project / "new.csv").write_text(new)
    whole = OLD + new.removeprefix(HEADER)
    for seconds in (0.9, 1.3, 1.7, 2.1):
        process: subprocess.Popen[Any] = subprocess.Popen(
            [sys.executable, "-m", "mltools", "data", "add", "new.csv"],
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert data(project) in {OLD, whole}
    deadline = time.monotonic() + 60
    while True:
        done = add(project, None)
        # A DVC that outlived its caller may hold its lock for a moment.
        if done.code == 0 or time.monotonic() > deadline:
            break
    assert done.code == 0, done.err
    assert data(project) == whole
    assert tracked(project) == md5(whole)
    assert left(project) == []
