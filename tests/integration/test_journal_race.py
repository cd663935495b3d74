"""Sixteen writers on clones of one repository: every record arrives once, and every writer ends well."""

import subprocess
import sys
from pathlib import Path

import pytest

from mltools import journal
from mltools.edges.git.read import Repository
from tests.support import git

WRITERS, RECORDS = 16, 3  # `python -m benchmarks journal_writers` has them write 30 each

# Appends and publishes as `mltools run` and `mltools runs add` do, again and again.
SCRIPT = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.stored import make_record
path, number, count = sys.argv[1:]
writer = Writer(Repository.find(Path(path)), dict(os.environ))
for record in (make_record(f"{int(number):02x}" * 20, suffix=f"{each:06x}") for each in range(int(count))):
    journal.append(writer, record, {"report.md": b"# report\\n"}, when=datetime.now(UTC))
    journal.publish(writer, "origin", when=datetime.now(UTC))
"""


@pytest.mark.full
def test_of_sixteen_writers_at_once_every_record_arrives_once(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    clones = [tmp_path / f"writer{number}" for number in range(WRITERS)]
    for path in clones:
        git(tmp_path, "clone", "-q", str(remote), path.name)
    root = str(Path(__file__).parents[2])
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(path), str(number), str(RECORDS)],
            stderr=subprocess.PIPE,
            cwd=root,
        )
        for number, path in enumerate(clones)
    ]
    for writer in writers:
        _, said = writer.communicate(timeout=500)
        assert writer.returncode == 0, said.decode()
    found = [record.id for record in journal.records(Repository.find(remote))]
    assert sorted(found) == sorted(
        f"20260102T030405Z-{f'{number:02x}' * 4}-{each:06x}"
        for number in range(WRITERS)
        for each in range(RECORDS)
    )
    # Each was written by one commit, and none was taken out or written over on the way.
    raw = git(remote, "log", "-m", "--raw", "--no-renames", "--format=", journal.REF).split("\n")
    assert {line.split("\t")[0].split(" ")[-1] for line in raw if line} == {"A"}
    messages = git(remote, "log", "--format=%b", journal.REF).split("\n")
    assert sorted(line.removeprefix("Run: ") for line in messages if line.startswith("Run: ")) == sorted(
        found
    )
    assert git(remote, "for-each-ref", "--format=%(refname)", "refs/mltools") == journal.REF
    git(remote, "fsck", "--strict")
    assert git(clone, "for-each-ref", "refs/mltools") == ""
