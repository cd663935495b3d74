"""Several jobs, each a process of its own, and the answer that `mltools data merge` makes of their files."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import Result, make_repo, mltools

pytestmark = pytest.mark.slow

CONTRACT = """\
schema: 1
primary_key: [id]
columns:
  id: {type: integer}
  size: {type: number, minimum: 0, maximum: 30, max_null_fraction: 0.1, unique: true}
  begin: {type: date}
  end: {type: date}
checks:
  - {name: stay, expression: '"end" >= begin'}
freshness: {column: end, max_age: 7d, severity: warn}
"""
POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
  - {path: data/parts, schema: schemas/raw.yaml}
"""
HEAD = "id,size,begin,end\n"
FILES = {
    "mltools.yaml": POLICY,
    "dvc.yaml": "stages: {}\n",
    "schemas/raw.yaml": CONTRACT,
    "data/raw.csv": HEAD + "1,31.2,2026-01-01,2026-01-02\n2,,2026-01-03,2026-01-02\n2,x,,\n3,1,,\n",
    "data/parts/a.csv": HEAD + "1,1,,\n2,40,,\n3,3,2026-01-03,2026-01-02\n",
    "data/parts/b.csv": HEAD + "4,,,\n2,5,,\n",
    "data/parts/c.csv": HEAD + "5,3,,\n6,-1,,2026-01-02\n",
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and what three jobs counted of it."""
    project = make_repo(tmp_path_factory.mktemp("measured") / "project", FILES)
    for index in (1, 2, 3):
        done = mltools(project, "data", "validate", "--shard", f"{index}/3", "--partial", f"out/{index}.json")
        assert done.code == 0, done.err
    return project


@pytest.fixture
def project(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "project"))


def write(project: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (project / name).write_text(text)


def merge(project: Path, *more: str) -> Result:
    return mltools(project, "data", "merge", "out/3.json", "out/1.json", "out/2.json", *more)


def refused(project: Path, *files: str) -> str:
    done = mltools(project, "data", "merge", *(f"out/{name}.json" for name in files))
    assert done.code == 3
    assert done.out == ""
    assert "hint: " in done.err
    return done.err


def test_a_job_tells_what_it_counted_and_judges_nothing(project: Path) -> None:
    done = mltools(project, "data", "validate", "data/raw.csv", "--shard", "1/2", "--partial", "new/1.json")
    assert done.code == 0
    assert done.out == "shard 1/2 of data/raw.csv: 4 rows counted\n"
    assert "wrote " in done.err
    tree = json.loads((project / "new/1.json").read_text())
    assert (tree["schema"], tree["index"], tree["of"]) == (1, 1, 2)
    assert [data["path"] for data in tree["data"]] == ["data/raw.csv"]


@pytest.mark.parametrize(
    "form", [(), ("--json",), ("--format", "markdown"), ("--format", "github"), ("--examples", "1")]
)
def test_the_answer_is_that_of_one_job(project: Path, form: tuple[str, ...]) -> None:
    alone, together = mltools(project, "data", "validate", *form), merge(project, *form)
    assert together.out == alone.out
    assert (together.code, together.err) == (alone.code, alone.err)
    assert together.code == 1


def test_the_answer_holds_what_only_all_jobs_together_know(project: Path) -> None:
    data = {item["path"]: item for item in merge(project, "--json").json["data"]}
    said = [item["message"] for item in data["data/parts"]["violations"]]
    assert said[:-1] == [
        "1 of 7 rows: size has no value, a share of 0.1429; at most 0.1 may be",
        "1 of 7 rows: size below minimum 0 (smallest -1)",
        "1 of 7 rows: size above maximum 30 (largest 40)",
        "1 of 7 rows: size repeats the value of an earlier row",
        "1 of 7 rows: the primary key (id) repeats that of an earlier row",
        '1 of 7 rows: check stay does not hold: "end" >= begin',
    ]
    assert said[-1].startswith("the newest end (2026-01-02) is ")
    examples = {item["rule"]: item["examples"] for item in data["data/parts"]["violations"]}
    assert examples["unique"] == ["c.csv row 1: 3 (as in a.csv row 3)"]
    assert examples["checks.stay"] == ["a.csv row 3: end = 2026-01-02, begin = 2026-01-03"]


def test_the_data_need_not_be_where_the_answer_is_made(project: Path) -> None:
    before = merge(project)
    shutil.rmtree(project / "data")
    assert merge(project).out == before.out


def test_every_shard_must_be_there_once(project: Path) -> None:
    assert "error: of 3 shards 1 are here; missing: 1, 3" in refused(project, "2")
    assert "error: out/1.json and out/1.json are both shard 1 of 3" in refused(project, "1", "1", "2", "3")
    shutil.copy(project / "out/2.json", project / "out/again.json")
    assert "error: out/2.json and out/again.json are both shard 2 of 3" in refused(project, "2", "again", "3")


def test_shards_of_other_wholes_are_refused(project: Path) -> None:
    job = ("data", "validate", "--shard")
    mltools(project, *job, "3/4", "--partial", "out/four.json")
    said = refused(project, "1", "2", "four")
    assert (
        "error: out/four.json: was measured as part of another number of shards (4) than out/1.json (3)"
        in said
    )
    mltools(project, *job, "3/3", "--partial", "out/one.json", "data/raw.csv")
    assert "error: out/one.json: holds 1 data sets, out/1.json 2" in refused(project, "1", "2", "one")
    mltools(project, *job, "3/3", "--partial", "out/parts.json", "data/parts")
    assert "error: out/parts.json: measured data/parts by" in refused(project, "1", "2", "parts")


def test_shards_of_other_data_are_refused(project: Path) -> None:
    write(project, {"data/parts/c.csv": HEAD + "5,3,,\n6,-9,,2026-01-02\n"})
    mltools(project, "data", "validate", "--shard", "3/3", "--partial", "out/3.json")
    assert "error: out/3.json: data/parts holds other data than in out/1.json" in refused(
        project, "1", "2", "3"
    )


def test_shards_of_another_contract_are_refused(project: Path) -> None:
    write(project, {"schemas/raw.yaml": CONTRACT.replace("maximum: 30", "maximum: 31")})
    said = refused(project, "1", "2", "3")
    assert "error: data/raw.csv: schemas/raw.yaml is not the contract that was measured by" in said
    mltools(project, "data", "validate", "--shard", "3/3", "--partial", "out/new.json")
    said = refused(project, "1", "2", "new")
    assert (
        "error: out/new.json: data/raw.csv was measured by another schemas/raw.yaml than in out/1.json"
        in said
    )


def changed(project: Path, name: str, **more: Any) -> None:
    path = project / f"out/{name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


def test_damaged_partials_are_refused(project: Path) -> None:
    whole = (project / "out/2.json").read_text()
    for text, reason in (
        (whole[: len(whole) // 2], "out/2.json:1: not valid JSON"),
        ("", "out/2.json:1: not valid JSON"),
        ("[1]", "out/2.json: not a partial result of `mltools data validate --shard`"),
        ('{"digest": 1}', "out/2.json: not a partial result: "),
        (
            whole.replace('"count": 1', '"count": 2', 1),
            "out/2.json: damaged: its content is not that of its digest",
        ),
        (whole.replace('"count": 1', '"count": -1', 1), "out/2.json: not a partial result: data"),
        ("[" * 100_000, "out/2.json: nested too deeply"),
        (
            whole.replace("schemas/raw.yaml", "../../secret.yaml"),
            "out/2.json: not a partial result: data.0.contract",
        ),
        (whole.replace('"index": 2', '"index": 4'), "out/2.json: "),
    ):
        (project / "out/2.json").write_text(text)
        assert f"error: {reason}" in refused(project, "1", "2", "3")
    (project / "out/2.json").unlink()
    assert "2.json: No such file or directory" in mltools(project, "data", "merge", "out/2.json").err


def test_data_that_a_job_cannot_read_are_unreadable_to_the_merge(project: Path) -> None:
    write(project, {"data/parts/b.csv": HEAD + "4,,,\n2,5\n"})
    for index in (1, 2, 3):
        done = mltools(project, "data", "validate", "--shard", f"{index}/3", "--partial", f"out/{index}.json")
        assert done.code == 3
        assert "of data/parts: data/parts/b.csv:3: 2 fields where the header has 4" in done.out
    alone, together = mltools(project, "data", "validate"), merge(project)
    assert (together.code, together.out, together.err) == (3, alone.out, alone.err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shard", "1/2"], "--shard and --partial go together"),
        (["--partial", "x.json"], "--shard and --partial go together"),
        (["--shard", "0/2", "--partial", "x.json"], "'0/2' is no shard such as 2/8"),
        (["--shard", "3/2", "--partial", "x.json"], "'3/2' is no shard such as 2/8"),
        (["--shard", "2", "--partial", "x.json"], "'2' is no shard such as 2/8"),
        (["--shard", "1/99999999", "--partial", "x.json"], "'1/99999999' is no shard such as 2/8"),
        (["--shard", "1/2", "--partial", "x.json", "--json"], "a shard judges nothing yet"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(project: Path, arguments: list[str], said: str) -> None:
    done = mltools(project, "data", "validate", *arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not (project / "x.json").exists()


def test_a_wrong_contract_is_a_mistake_for_a_job_and_a_merge(project: Path) -> None:
    write(project, {"schemas/raw.yaml": CONTRACT.replace("maximum: 30", "maximum: -30")})
    done = mltools(project, "data", "validate", "--shard", "1/2", "--partial", "x.json")
    assert done.code == 2
    assert "schemas/raw.yaml:5: columns.size.maximum: -30 is below the minimum 0" in done.err
    assert not (project / "x.json").exists()
    assert merge(project).code == 2
