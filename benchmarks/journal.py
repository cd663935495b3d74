"""The journal: all of 10,000 runs listed, what a commit's metrics cost to read, one record appended, many writers at once."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from benchmarks import journals, projects
from benchmarks.measure import Job, Result, compare, run
from benchmarks.programs import DVC, MLTOOLS

RECORDS = 10_000
PROMISE = 0.5
COMMITS = 20
STAGES = 4
PER_COMMIT = 0.01
WRITERS, EACH = 16, 30
ROOT = Path(__file__).parents[1]

# Makes a record and appends it: the process with all that it loads. The first part alone is what a run has done anyway.
MAKE = """
import os, random
from datetime import UTC, datetime
from pathlib import Path
from benchmarks.journals import record
from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
writer = Writer(Repository.find(Path.cwd()), dict(os.environ))
made = record(random.randrange(10**6), random.Random())
"""
APPEND = 'journal.append(writer, made, {"report.md": b"# report"}, when=datetime.now(UTC))\n'
# Appends and publishes again and again, as many CI jobs would at once.
WRITE = """
import os, random, sys
from datetime import UTC, datetime
from pathlib import Path
from benchmarks.journals import record
from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
path, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
writer = Writer(Repository.find(path), dict(os.environ))
for number in range(first, first + count):
    journal.append(writer, record(number, random.Random(number)), {}, when=datetime.now(UTC))
    journal.publish(writer, "origin", when=datetime.now(UTC))
"""


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    root = journals.tree(directory / "journal", RECORDS, environ)
    listing = Job(
        f"mltools runs list, all of {RECORDS:,} runs", ((*MLTOOLS, "runs", "list", "-n", "0"),), root
    )
    run((*MLTOOLS, "runs", "list"), root, environ)
    promised = median(_seconds(listing, environ) for _ in range(2 * rounds))
    yield Result(
        f"{listing.name}, warm", "the promise", promised, PROMISE, promised / PROMISE, 1.0, 2 * rounds
    )
    yield from _per_commit(directory, listing, environ, rounds)
    yield from _append(root, {**environ, "PYTHONPATH": str(ROOT)}, 2 * rounds)


def _append(root: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """A whole process that appends, and what the append adds to one that has made its record."""
    made = Job("a record made", ((sys.executable, "-c", MAKE),), root)
    ours = Job(f"one record appended to {RECORDS:,}", ((sys.executable, "-c", MAKE + APPEND),), root)
    peer = Job("dvc --version", ((*DVC, "--version"),), root)
    yield compare(f"{ours.name}, whole process", ours, peer, goal=1.0, rounds=rounds, environ=environ)
    times = [tuple(_seconds(job, environ) for job in (ours, made, peer)) for _ in range(rounds + 1)][1:]
    yield Result(
        f"{ours.name}, added to a run",
        peer.name,
        median(with_it - without for with_it, without, _ in times),
        median(theirs for _, _, theirs in times),
        median((with_it - without) / theirs for with_it, without, theirs in times),
        1.0,
        rounds,
    )


def _per_commit(directory: Path, listing: Job, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """What one commit's metrics cost: of many runs here, of a few commits by DVC, whose start-up is taken off."""
    root = projects.tree(directory / "commits", STAGES, environ)
    for number in range(COMMITS):
        (root / "notes.txt").write_text(f"{number}\n")
        run(("git", "add", "-A"), root, environ)
        run(("git", "commit", "-q", "-m", f"Change {number}"), root, environ)
    asked = {
        "dvc metrics show -A": (*DVC, "metrics", "show", "-A"),
        "dvc exp show": (*DVC, "exp", "show", "--csv", "-n", str(COMMITS)),
    }
    alone = (*DVC, "--version")
    for name, command in asked.items():
        job = Job(name, (command,), root)
        _seconds(job, environ)
        pairs = []
        for _ in range(max(rounds // 2, 1)):
            ours = _seconds(listing, environ) / RECORDS
            theirs = _seconds(job, environ) - _seconds(Job(name, (alone,), root), environ)
            pairs.append((ours, theirs / COMMITS))
        yield Result(
            "mltools runs list, for each run",
            f"{name}, for each commit",
            median(first for first, _ in pairs) * 1000,
            median(second for _, second in pairs) * 1000,
            median(first / second for first, second in pairs),
            PER_COMMIT,
            len(pairs),
            "ms",
        )


def writers(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:  # noqa: ARG001 - once is enough
    """Many writers on clones of one repository: every record must arrive once, and every writer end well."""
    root = directory / "writers"
    root.mkdir()
    run(("git", "init", "-q", "--bare", "-b", "main", "remote.git"), root, environ)
    for number in range(WRITERS):
        run(("git", "clone", "-q", "remote.git", f"clone{number}"), root, environ)
    env = {**environ, "PYTHONPATH": str(ROOT)}
    alone = _written(root, ["clone0"], 0, env) / EACH
    seconds = _written(root, [f"clone{number}" for number in range(WRITERS)], EACH, env) / (WRITERS * EACH)
    paths = run(("git", "ls-tree", "-r", "--name-only", "refs/mltools/journal"), root / "remote.git", environ)
    found = [line for line in paths.splitlines() if line.endswith("/run.json")]
    if len(found) != EACH + WRITERS * EACH:
        raise SystemExit(f"{len(found)} records arrived of {EACH + WRITERS * EACH}")
    yield Result(
        f"{WRITERS} writers of {EACH} records each, for each record", "one writer alone",
        seconds, alone, seconds / alone, 10.0, 1,
    )  # fmt: skip


def _written(root: Path, clones: list[str], first: int, environ: Mapping[str, str]) -> float:
    """The seconds until all clones have pushed their records; each must end well."""
    begun = time.perf_counter()
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(root / name), str(first + EACH * number), str(EACH)],
            env=dict(environ),
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, name in enumerate(clones)
    ]
    for job in jobs:
        _, said = job.communicate()
        if job.returncode:
            raise SystemExit(f"a writer ended with {job.returncode}\n{said}")
    return time.perf_counter() - begun


def _seconds(job: Job, environ: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    for command in job.commands:
        run(command, job.cwd, environ, code=job.code)
    return time.perf_counter() - begun
