"""Journals to measure on, written by one `git fast-import`: a commit for each record, as appends would leave them."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import run
from mltools import journal
from mltools.core.records import Record, parse_record
from mltools.edges import documents, process

METRICS, PARAMS, STAGES, GATES = 12, 20, 6, 4
PER_DAY = 40
START = datetime(2026, 1, 1, tzinfo=UTC)
_REPORT = b"## Report\n\n" + b"| metric | value |\n" * 20


def tree(root: Path, records: int, environ: Mapping[str, str]) -> Path:
    """A repository of one commit whose journal holds `records` records of made-up commits."""
    root.mkdir(parents=True)
    run(("git", "init", "-q", "-b", "main"), root, environ)
    run(("git", "commit", "-q", "--allow-empty", "-m", "Start"), root, environ)
    stream = b"".join(_stream(records)) + b"done\n"
    process.run("git", "fast-import", "--quiet", "--done", cwd=root, env=environ, stdin=stream)
    run(("git", "pack-refs", "--all"), root, environ)
    return root


def record(number: int, chance: random.Random) -> Record:
    """A record like those of a small project: metrics, params, stages and gates."""
    commit = f"{chance.getrandbits(160):040x}"
    when = START + number * timedelta(days=1) / PER_DAY
    failed = number % 7 == 0
    # Without hashes: no dvc.lock lies beside these records.
    stages = [{"name": f"stage{each}", "state": "ran", "seconds": 1.5} for each in range(STAGES)]
    gates: list[dict[str, Any]] = [
        {
            "name": f"gate{each}",
            "kind": "threshold",
            "outcome": "failed" if failed and each == 0 else "passed",
            "reason": f"test.m{each} is above its bound",
            "evidence": {"metric": f"test.m{each}", "value": 0.5},
        }
        for each in range(GATES)
    ]
    tree: dict[str, Any] = {
        "schema": 1,
        "id": f"{when:%Y%m%dT%H%M%SZ}-{commit[:8]}-{number % 0xFFFFFF:06x}",
        "time": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "seconds": 12.5,
        "commit": commit,
        "branch": f"feature/{number % 50}",
        "inputs": f"{chance.getrandbits(128):032x}",
        "trigger": "push",
        "verdict": "failed" if failed else "passed",
        "summary": "failed: gate0" if failed else "passed: 4 gates",
        "metrics": {f"test.m{each}": round(chance.random(), 6) for each in range(METRICS)},
        "params": {f"train.p{each}": chance.randrange(100) for each in range(PARAMS)},
        "stages": stages,
        "gates": gates,
        "environment": {"python": "3.11.7", "platform": "linux-x86_64", "mltools": "0.1.0"},
    }
    return parse_record(tree, "made up")


def _stream(records: int) -> Iterator[bytes]:
    chance = random.Random(1)
    for number in range(records):
        one = record(number, chance)
        place = journal.directory(one)
        message = f"{one.verdict}: {one.commit[:10]}\n\nRun: {one.id}\n".encode()
        yield f"commit {journal.REF}\ncommitter A Tester <tester@example.com> {1_767_000_000 + number} +0000\n".encode()
        yield _data(message)
        yield f"M 100644 inline {place}/{journal.RECORD_FILE}\n".encode()
        yield _data(documents.write_json(one.as_json()).encode())
        yield f"M 100644 inline {place}/report.md\n".encode() + _data(_REPORT)
        yield f"M 100644 inline inputs/{(one.inputs or '')[:2]}/{one.inputs}/{one.id}\n".encode()
        yield _data(f"{one.commit}\n".encode())


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"
