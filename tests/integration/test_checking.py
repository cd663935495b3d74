"""The data of a project as a run checks them: counted once, remembered, judged by the clock of each run."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools import checking
from mltools.core.records import DataSet
from mltools.core.verdict import Outcome
from mltools.errors import ConfigError, DataError
from mltools.project import open_project
from tests.support import make_repo

CONTRACT = """\
schema: 1
columns:
  id: {type: integer, maximum: 9}
  seen: {type: datetime}
freshness: {column: seen, max_age: 36h}
"""
FILES = {
    "mltools.yaml": "schema: 1\ndata:\n  - {path: data/raw.csv, schema: schemas/raw.yaml}\n",
    "dvc.yaml": "stages: {}\n",
    "schemas/raw.yaml": CONTRACT,
    "data/raw.csv": "id,seen\n1,2026-01-31 12:00:00\n10,2026-01-30 12:00:00\n",
}
SOON, LATER = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", FILES)


def validate(project: Path, now: datetime = SOON) -> DataSet:
    (data,) = checking.validate(open_project(project), now=now, say=lambda _: None)
    return data


def rules(data: DataSet) -> list[str]:
    return [item.rule for item in data.violations]


def memory(project: Path) -> list[Path]:
    return sorted((project / ".mltools" / checking.REMEMBERED).glob("*"))


def test_a_check_is_remembered_with_its_examples_and_lines(project: Path) -> None:
    first = validate(project)
    assert (first.outcome, rules(first)) == (Outcome.FAILED, ["maximum"])
    assert first.md5 is not None
    assert first.contract_md5 is not None
    assert len(memory(project)) == 1
    assert validate(project) == first
    assert first.violations[0].line == 3
    assert first.violations[0].examples == ("row 2: 10",)


def test_data_that_were_fresh_grow_stale_without_being_read_again(project: Path) -> None:
    assert "freshness" not in rules(validate(project))
    program = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from mltools import checking; from mltools.project import open_project\n"
        f"(data,) = checking.validate(open_project(Path('.')), now=datetime.fromisoformat({LATER.isoformat()!r}), say=print)\n"
        "print(data.violations[-1].message)\n"
        "assert 'duckdb' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "data data/raw.csv: 2 rows, 2 rules broken",
        "the newest seen (2026-01-31 12:00:00) is 2 days old; at most 36h is allowed",
    ]
    assert rules(validate(project)) == ["maximum"]


def test_other_data_and_another_contract_are_checked_anew(project: Path) -> None:
    validate(project)
    (project / "data/raw.csv").write_text("id,seen\n1,2026-01-31 12:00:00\n")
    assert rules(validate(project)) == []
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("maximum: 9", "minimum: 2"))
    assert rules(validate(project)) == ["minimum"]
    assert len(memory(project)) == 3


@pytest.mark.parametrize("damage", ["", "{}", "[" * 10_000, '{"path": "data/raw.csv"}', "half"])
def test_a_damaged_memory_is_none(project: Path, damage: str) -> None:
    first = validate(project)
    (path,) = memory(project)
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2] if damage == "half" else damage)
    assert validate(project) == first
    assert path.read_text() == whole


def test_a_memory_of_other_checks_is_none(project: Path) -> None:
    first = validate(project)
    (path,) = memory(project)
    path.write_text(path.read_text().replace('"maximum"', '"minimum"'))
    assert validate(project) == first


def test_all_that_is_wrong_with_contracts_is_told_before_what_cannot_be_read(project: Path) -> None:
    second = "  - {path: data/gone.csv, schema: schemas/raw.yaml}\n"
    (project / "mltools.yaml").write_text(FILES["mltools.yaml"] + second)
    with pytest.raises(DataError, match=r"data/gone\.csv: no such file"):
        validate(project)
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("maximum: 9", "maximum: x"))
    with pytest.raises(ConfigError) as caught:
        validate(project)
    assert caught.value.problems[0].startswith("schemas/raw.yaml:3: columns.id.maximum: ")
