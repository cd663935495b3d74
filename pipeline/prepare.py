"""Stage `prepare`: split the rows into a training and a test side.

The side of a row follows from its id alone. New rows may come and old ones may go: no row ever changes sides, so
a test row of today is never a training row of tomorrow.
"""

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML

RAW = Path("data/raw.csv")
TRAIN = Path("data/train.csv")
TEST = Path("data/test.csv")

STEPS = 2**64


def in_test(row_id: str, share: float, salt: str = "") -> bool:
    """Whether the first 64 bits of the id's SHA-256, as a fraction of their range, lie below `share`."""
    digest = hashlib.sha256(f"{salt}{row_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * STEPS


def write_rows(path: Path, columns: list[str], rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    params = YAML(typ="safe").load(Path("params.yaml"))
    id_column, options = params["data"]["id"], params["prepare"]
    with RAW.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns, rows = list(reader.fieldnames or []), list(reader)
    if id_column not in columns:
        raise SystemExit(f"{RAW}: no column {id_column!r}, which params.yaml names as data.id")
    sides: dict[bool, list[dict[str, str]]] = {False: [], True: []}
    for row in rows:
        sides[in_test(row[id_column], options["test_share"], options["salt"])].append(row)
    write_rows(TRAIN, columns, sides[False])
    write_rows(TEST, columns, sides[True])
    print(f"{len(sides[False])} training rows, {len(sides[True])} test rows")


if __name__ == "__main__":
    main()
