"""The least that reading costs: one aggregate of each column, by DuckDB."""

import sys

import duckdb

NUMBERS = ("id", "user_id", "age", "amount", "score")
TEXTS = ("country", "plan", "email", "code")


def main(path: str) -> None:
    terms = [
        *(f"sum({name})" for name in NUMBERS),
        *(f"sum(strlen({name}))" for name in TEXTS),
        "count_if(active)",
        "max(born)",
        "max(seen)",
    ]
    with duckdb.connect() as database:
        print(database.execute(f"SELECT {', '.join(terms)} FROM '{path}'").fetchall())


if __name__ == "__main__":
    main(sys.argv[1])
