"""A table to validate: 12 columns of the kinds that models are fed, with some faults, always the same for one size."""

import sys
from pathlib import Path

import duckdb

COUNTRIES = (
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
)
PLANS = ("free", "basic", "pro", "team")
CODE = "[A-Z]{2}-[0-9]{4}"

CONTRACT = f"""\
schema: 1
columns:
  id: {{type: integer, required: true, unique: true, minimum: 0}}
  user_id: {{type: integer, required: true, minimum: 0}}
  age: {{type: integer, max_null_fraction: 0.05, minimum: 18, maximum: 120}}
  amount: {{type: number, required: true, minimum: 0, maximum: 10000}}
  score: {{type: number, max_null_fraction: 0.1, minimum: 0, maximum: 1}}
  country: {{type: category, required: true, enum: [{", ".join(COUNTRIES)}]}}
  plan: {{type: category, max_null_fraction: 0.05, enum: [{", ".join(PLANS)}]}}
  email: {{type: string, required: true, min_length: 6, max_length: 60}}
  code: {{type: string, required: true, pattern: '{CODE}'}}
  active: {{type: boolean, required: true}}
  born: {{type: date, required: true, minimum: '1900-01-01', maximum: '2026-12-31'}}
  seen: {{type: datetime, required: true, minimum: '2025-01-01', maximum: '2026-12-31'}}
"""
CHECKS = 42

# The hash of the row's number is the seed. One row in so many is at fault, so that every size has the same share.
SELECT = f"""SELECT
    CASE WHEN i % 50000 = 49999 THEN i - 1 ELSE i END AS id,
    CASE WHEN i % 40000 = 7 THEN NULL ELSE (hash(i * 7 + 1) % 1000000)::BIGINT END AS user_id,
    CASE WHEN i % 30000 = 3 THEN 150 WHEN hash(i * 7 + 2) % 50 = 0 THEN NULL ELSE (18 + hash(i * 7 + 2) % 70)::INTEGER
        END AS age,
    (hash(i * 7 + 3) % 1000000 / 100.0)::DOUBLE AS amount,
    CASE WHEN i % 25000 = 11 THEN 1.5 WHEN hash(i * 7 + 4) % 20 = 0 THEN NULL
        ELSE (hash(i * 7 + 4) % 100000 / 100000.0)::DOUBLE END AS score,
    CASE WHEN i % 35000 = 1 THEN 'XX' ELSE {list(COUNTRIES)}[1 + (hash(i * 7 + 5) % 20)::INTEGER] END AS country,
    CASE WHEN hash(i * 7 + 6) % 100 = 0 THEN NULL ELSE {list(PLANS)}[1 + (hash(i * 7 + 6) % 4)::INTEGER] END AS plan,
    CASE WHEN i % 45000 = 2 THEN 'x@y' ELSE 'user' || hash(i * 11) % 100000000 || '@example.org' END AS email,
    CASE WHEN i % 20000 = 4 THEN 'none' ELSE chr(65 + (hash(i * 17) % 26)::INTEGER)
        || chr(65 + (hash(i * 19) % 26)::INTEGER) || '-' || lpad((hash(i * 23) % 10000)::VARCHAR, 4, '0') END AS code,
    hash(i * 29) % 2 = 0 AS active,
    CASE WHEN i % 60000 = 9 THEN DATE '1850-01-01' ELSE DATE '1950-01-01' + (hash(i * 31) % 20000)::INTEGER END AS born,
    TIMESTAMP '2025-01-01' + to_seconds((hash(i * 37) % 30000000)::BIGINT) AS seen
    FROM range({{rows}}) t(i)"""


def paths(folder: Path, rows: int) -> tuple[Path, Path]:
    """Where the table lies as Parquet and as CSV."""
    return folder / f"rows-{rows}.parquet", folder / f"rows-{rows}.csv"


def write(folder: Path, rows: int) -> None:
    """Write the table in both formats."""
    folder.mkdir(parents=True, exist_ok=True)
    parquet, text = paths(folder, rows)
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as database:
        database.execute(
            f"COPY ({SELECT.format(rows=rows)}) TO '{parquet}' (FORMAT parquet, ROW_GROUP_SIZE 122880)"
        )
        database.execute(f"COPY (FROM '{parquet}') TO '{text}' (FORMAT csv, HEADER)")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
