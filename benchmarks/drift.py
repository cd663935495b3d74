"""Drift of a million rows against a stored profile, and Evidently's preset on the rows of both sides.

Both must name the same columns before they are timed. Evidently needs a pandas of its own, so it is compared with where
EVIDENTLY_PYTHON names an interpreter that has it. One side of its work we never do: what the model learnt from is a profile
of some kB, out of the journal.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from benchmarks.measure import Job, Result, compare, run
from benchmarks.validation import FEW_ROUNDS
from mltools.core.contract import parse_contract
from mltools.edges import documents
from mltools.edges.tables import profiling

ROOT = Path(__file__).resolve().parent.parent
ROWS = 1_000_000
GOAL = 0.05
NUMBERS, LABELS = 6, 4
SHIFTED = ["c1", "x2"]


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """Ten columns, two of which were shifted."""
    folder = directory / "drift"
    folder.mkdir()
    reference, current = folder / "reference.parquet", folder / "current.parquet"
    _write(reference, 1, shifted=False)
    _write(current, 2, shifted=True)
    kinds = {f"x{place}": "number" for place in range(NUMBERS)} | {
        f"c{place}": "category" for place in range(LABELS)
    }
    tree = {"schema": 1, "columns": {name: {"type": kind} for name, kind in kinds.items()}}
    contract, stored = folder / "contract.yaml", folder / "profile.json"
    contract.write_text(documents.write_yaml(tree))
    profile = profiling.profile(reference, parse_contract(tree, "contract"), name="reference")
    stored.write_text(documents.write_json(profile.as_json()))
    command = (sys.executable, "-m", "benchmarks.drifting", str(stored), str(contract), str(current))
    ours = Job(f"drift of {ROWS:,} rows against a profile", (command,), ROOT)
    _require(ours, environ)
    python = os.environ.get("EVIDENTLY_PYTHON")
    if python is None:
        print("  EVIDENTLY_PYTHON may name an interpreter that has evidently; it is not compared with")
        return
    script = str(ROOT / "benchmarks/peers/with_evidently.py")
    peer = Job("Evidently's preset", ((python, script, str(reference), str(current)),), ROOT)
    _require(peer, environ)
    yield compare(ours.name, ours, peer, goal=GOAL, rounds=min(rounds, FEW_ROUNDS), environ=environ)


def _write(path: Path, seed: int, *, shifted: bool) -> None:
    """Normal numbers and four categories, drawn by the hash of the row's number."""
    even = [f"(hash(i * 31 + {seed * 100 + place}) % 1000003 + 0.5) / 1000003.0" for place in range(20)]
    cells = []
    for place in range(NUMBERS):
        by = 0.8 if shifted and f"x{place}" in SHIFTED else 0
        normal = f"sqrt(-2 * ln({even[place]})) * cos(2 * pi() * {even[place + 10]})"
        cells.append(f"{normal} + {by} AS x{place}")
    for place in range(LABELS):
        power = 3 if shifted and f"c{place}" in SHIFTED else 1
        cells.append(
            f"['a', 'b', 'c', 'd'][1 + CAST(floor(4 * pow({even[6 + place]}, {power})) AS INTEGER)] AS c{place}"
        )
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as database:
        database.execute(
            f"COPY (SELECT {', '.join(cells)} FROM range({ROWS}) t(i)) TO '{path}' (FORMAT parquet)"
        )


def _require(job: Job, environ: Mapping[str, str]) -> None:
    """Refuse to time what finds other columns than those that were shifted."""
    (command,) = job.commands
    found = json.loads(run(command, job.cwd, environ).splitlines()[-1])["drifted"]
    if found != SHIFTED:
        raise SystemExit(f"{job.name}: says that {found} drifted, and {SHIFTED} did")
