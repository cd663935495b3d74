"""Data sets that are directories: of a project, of DVC, and remembered from one run to the next."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from mltools import checking
from mltools.core.records import DataSet
from mltools.project import open_project
from tests.projects import FILES, dvc, make_project
from tests.support import commit, mltools

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
POLICY = FILES["mltools.yaml"].replace("data/raw.csv", "data/days")
PARTS = {f"data/days/2026-01-0{day}.csv": f"id,size,label\n{day},1.5,yes\n" for day in range(1, 6)}
CONTRACT = FILES["schemas/raw.yaml"].replace("rows: {min: 10}", "rows: {min: 5}")


def project(tmp_path: Path) -> Path:
    root = make_project(
        tmp_path / "p", **{"mltools.yaml": POLICY, "schemas/raw.yaml": CONTRACT, ".gitignore": "/model.bin\n"}
    )
    for name, text in PARTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def validated(root: Path, now: datetime = NOW) -> DataSet:
    (data,) = checking.validate(open_project(root), now=now, say=lambda _: None)
    return data


@pytest.mark.slow
def test_the_hash_of_a_directory_is_the_one_that_dvc_gives_it(tmp_path: Path) -> None:
    root = project(tmp_path)
    dvc(root, "add", "-q", "data/days")
    tracked = yaml.safe_load((root / "data/days.dvc").read_text())["outs"][0]["md5"]
    assert tracked.endswith(".dir")
    data = validated(root)
    assert (data.md5, data.rows, data.bytes) == (tracked, 5, sum(map(len, PARTS.values())))


def test_a_directory_is_checked_again_when_one_part_changes(tmp_path: Path) -> None:
    root = project(tmp_path)
    first = validated(root)
    kept = list((root / ".mltools/cache/validation").iterdir())
    assert validated(root) == first
    assert list((root / ".mltools/cache/validation").iterdir()) == kept
    (root / "data/days/2026-01-03.csv").write_text("id,size,label\n1,99,yes\n")
    second = validated(root)
    assert second.md5 != first.md5
    assert {item.rule: item.examples for item in second.violations} == {
        "unique": ("2026-01-03.csv row 1: 1 (as in 2026-01-01.csv row 1)",),
        "maximum": ("2026-01-03.csv row 1: 99",),
    }


@pytest.mark.slow
def test_a_run_stops_at_a_directory_that_breaks_its_contract(tmp_path: Path) -> None:
    root = project(tmp_path)
    dvc(root, "add", "-q", "data/days")
    commit(root, {}, "Track the days")
    done = mltools(root, "run", "--json")
    assert done.code == 0, done.err
    assert done.json["data"][0]["path"] == "data/days"
    assert done.json["dirty"] is False
    (root / "data/days/2026-01-06.csv").write_text("id,size,label\n,1,yes\n")
    done = mltools(root, "run", "--no-record", "--json")
    assert done.code == 1
    assert done.json["data"][0]["violations"][0]["examples"] == ["2026-01-06.csv row 1"]


def test_a_directory_that_only_dvc_could_hash_is_checked_each_time(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "data/days/.dvcignore").write_text("*.tmp\n")
    data = validated(root)
    assert (data.md5, data.rows) == (None, 5)
    assert not (root / ".mltools/cache/validation").exists()


def test_rows_that_grow_too_old_are_judged_each_time(tmp_path: Path) -> None:
    root = project(tmp_path)
    fresh = CONTRACT.replace("columns:\n", "columns:\n  day: {type: date}\n")
    (root / "schemas/raw.yaml").write_text(fresh + "freshness: {column: day, max_age: 2d}\n")
    for day, path in enumerate(sorted((root / "data/days").iterdir()), start=1):
        path.write_text(f"id,size,label,day\n{day},1.5,yes,2026-01-0{day}\n")
    assert validated(root).violations == ()
    assert [item.rule for item in validated(root, datetime(2026, 1, 8, tzinfo=UTC)).violations] == [
        "freshness"
    ]


def test_a_directory_is_named_like_a_file(tmp_path: Path) -> None:
    root = project(tmp_path)
    done = mltools(root / "data", "data", "validate", "days/")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1].split()[:2] == ["data/days", "5"]
