"""The list of all runs, fast however many there are: rows kept in `.git/mltools`, brought up to the journal's tip.

What is kept can be lost: it is made again from the journal.
"""

import json
import sqlite3
from itertools import islice

from mltools import __version__
from mltools.core import history
from mltools.core.history import REF, Row
from mltools.edges import rowstore
from mltools.edges.git.read import Repository

FILE = "mltools/runs.sqlite"


def rows(repository: Repository, *, most: int | None = None) -> list[Row]:
    """Every run, or the newest ones, newest first. A record that cannot be read is warned of and left out."""
    tip = repository.oid(REF)
    if tip is None:
        return []
    path = repository.common_dir / FILE
    for _ in range(2):
        try:
            with rowstore.opened(path, __version__) as store:
                if store.tip != tip:
                    _update(repository, store, tip)
                return _read(store.newest(most))
        except (sqlite3.OperationalError, OSError):
            break  # locked for long, or the disk is full: somebody else's is not thrown away
        except (sqlite3.Error, ValueError, TypeError):
            rowstore.forget(path)  # damaged where opening it does not look: made again
    return _unkept(repository, most)


def _unkept(repository: Repository, most: int | None) -> list[Row]:
    from mltools import journal  # noqa: PLC0415 - loads pydantic, which takes as long as listing what is kept

    return [history.row(record) for record in islice(journal.records(repository), most)]


def _update(repository: Repository, store: rowstore.Store, tip: str) -> None:
    """Read the records that the store lacks, and forget those that are gone."""
    from mltools import journal  # noqa: PLC0415 - as above

    places = journal.places(repository, tip)
    known = store.ids()
    missing = dict(place for run, place in places.items() if run not in known)
    new = [(one.id, _written(one)) for one in map(history.row, journal.at(repository, missing))]
    store.change(tip, new, known - places.keys())


def _written(one: Row) -> str:
    return json.dumps(one.fields(), ensure_ascii=False)


def _read(bodies: list[str]) -> list[Row]:
    # One text for all: a call of the decoder for each row takes longer than what it does.
    return [history.of_fields(values) for values in json.loads(f"[{','.join(bodies)}]")]
