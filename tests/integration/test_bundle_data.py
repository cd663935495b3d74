"""Profiles and contracts in a bundle: handed over whole, and never believed."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools import bundle, journal, profiles
from mltools.core.profile import ColumnProfile, Profile, profile_id
from mltools.core.records import Record
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import DataError
from mltools.project import open_project
from tests.stored import make_record
from tests.support import git, make_repo

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PROFILE = Profile(
    rows=3,
    columns=(ColumnProfile(name="site", type="category", count=3, nulls=0, categories=(("a", 3),), other=0),),
)
FORGED = PROFILE.model_copy(update={"rows": 0, "columns": ()})
CONTRACT = b"schema: 1\ncolumns: {site: {type: category}}\n"
MD5 = hashlib.md5(CONTRACT, usedforsecurity=False).hexdigest()
NAME = profile_id(PROFILE)
FILES = {f"profiles/{NAME}.json": profiles.text(PROFILE), f"contracts/{MD5}.yaml": CONTRACT}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", {"mltools.yaml": "schema: 1\n", "dvc.yaml": "stages: {}\n"})


def record_of(place: Path) -> Record:
    data = {"path": "a.csv", "outcome": "passed", "profile": NAME, "contract": "s.yaml", "contract_md5": MD5}
    return make_record(git(place, "rev-parse", "HEAD"), data=[data])


@pytest.fixture
def run(place: Path, tmp_path: Path) -> Path:
    bundle.write(
        open_project(place), record_of(place), bundle.Shown("# report\n"), tmp_path / "run", data=FILES
    )
    return tmp_path / "run"


def test_what_belongs_to_the_data_is_read_and_kept_in_the_journal(place: Path, run: Path) -> None:
    found = bundle.read(run)
    assert found.data == FILES
    writer = Writer(Repository.find(place), os.environ)
    bundle.keep(found, writer, place, None, when=WHEN)
    for name, content in FILES.items():
        assert journal.attachment(writer.repository, found.record, name) == content


def test_equal_profiles_are_equal_bytes_however_they_were_written(run: Path) -> None:
    path = run / f"profiles/{NAME}.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True))
    assert bundle.read(run).data == FILES


def put(name: str, content: bytes) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(content)

    return act


def linked(run: Path) -> None:
    (run / f"profiles/{NAME}.json").unlink()
    (run / f"profiles/{NAME}.json").symlink_to("/etc/passwd")


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "another profile": (put(f"profiles/{NAME}.json", profiles.text(FORGED)), "holds another profile than"),
    "no JSON": (put(f"profiles/{NAME}.json", b"{"), "not valid JSON"),
    "NaN": (put(f"profiles/{NAME}.json", b'{"rows": NaN}'), "NaN"),
    "no profile": (put(f"profiles/{NAME}.json", b"{}"), "not a data profile"),
    "an unknown field": (
        put(f"profiles/{NAME}.json", json.dumps({**PROFILE.as_json(), "x": 1}).encode()),
        "not a data profile",
    ),
    "nested brackets": (put(f"profiles/{NAME}.json", b"[" * 100_000), "nested too deeply"),
    "a huge profile": (
        put(f"profiles/{NAME}.json", b" " * (profiles.MOST_BYTES + 1)),
        "bytes; a run's may have",
    ),
    "a profile of no data set": (
        put(f"profiles/{profile_id(FORGED)}.json", profiles.text(FORGED)),
        "belongs to no data set",
    ),
    "a profile with another name": (put("profiles/x.json", profiles.text(PROFILE)), "no part of a run"),
    "a link": (linked, "is a link"),
    "another contract": (put(f"contracts/{MD5}.yaml", b"schema: 1\n"), "is damaged"),
    "a contract of no data set": (put(f"contracts/{'0' * 32}.yaml", b""), "belongs to no data set"),
    "a huge contract": (put(f"contracts/{MD5}.yaml", b"#" * (bundle.MAX_CONTRACT + 1)), "bytes; a run's may"),
    "a path out of it": (put("contracts/../evil.yaml", b""), "no part of a run"),
}


@pytest.mark.parametrize(("act", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_forged_profile_or_contract_is_refused(run: Path, act: Callable[[Path], None], said: str) -> None:
    act(run)
    with pytest.raises(DataError, match=said):
        bundle.read(run)


def test_their_number_and_size_are_bounded(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("MAX_OF_DATA", "more than 1 profiles"), ("MAX_DATA", "have more than 1 bytes")):
        with monkeypatch.context() as patch:
            patch.setattr(bundle, name, 1)
            with pytest.raises(DataError, match=said):
                bundle.read(run)


def test_a_damaged_profile_in_the_projects_own_cache_is_no_profile(place: Path) -> None:
    project = open_project(place)
    name = profiles.keep(project, PROFILE)
    assert name == NAME
    assert profiles.load(project, name) == PROFILE
    path = place / ".mltools/cache/profiles" / f"{NAME}.json"
    for content in (b"", b"{", profiles.text(FORGED)):
        path.write_bytes(content)
        assert profiles.load(project, name) is None


def test_a_profile_that_is_too_large_is_not_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_BYTES", 10)
    assert profiles.keep(open_project(place), PROFILE) is None
