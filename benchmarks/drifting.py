"""What is measured of mltools: the profile of a table against a stored one. `PROFILE CONTRACT TABLE`, drifted columns as JSON.

It does what `mltools monitor check` does with the rows of a log, and nothing else.
"""

import json
import sys
from pathlib import Path

from mltools.core.contract import parse_contract
from mltools.core.monitor.findings import Level
from mltools.core.monitor.policy import Monitor
from mltools.core.monitor.shifts import Pair, shifts
from mltools.core.profile import Profile, parse_profile
from mltools.edges import documents
from mltools.edges.tables import profiling


def drifted(base: Profile, head: Profile) -> list[str]:
    """The columns that drifted."""
    pairs = [
        Pair(f"feature:{column.name}", column.name, column, head.column(column.name))
        for column in base.columns
    ]
    return sorted(shift.name for shift in shifts(pairs, head.rows, Monitor()) if shift.level is Level.DRIFTED)


def main() -> None:
    stored, contract, table = map(Path, sys.argv[1:4])
    base = parse_profile(documents.read_json(stored.read_bytes(), stored.name), stored.name)
    words = parse_contract(documents.read_yaml(contract.read_bytes(), contract.name), contract.name)
    head = profiling.profile(table, words, name=table.name)
    print(json.dumps({"drifted": drifted(base, head)}))


if __name__ == "__main__":
    main()
