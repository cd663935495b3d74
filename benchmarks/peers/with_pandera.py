"""The contract of `benchmarks.tables` in pandera, on a pandas frame; prints how many rows break each check, as JSON."""

import json
import sys
from collections import Counter

import pandas as pd
import pandera.pandas as pa

from benchmarks.tables import CODE, COUNTRIES, PLANS

DATES = ["born", "seen"]


def schema() -> pa.DataFrameSchema:
    between, at_least = pa.Check.in_range, pa.Check.ge
    return pa.DataFrameSchema(
        {
            "id": pa.Column("int64", at_least(0), unique=True, report_duplicates="exclude_first"),
            "user_id": pa.Column("float64", at_least(0), nullable=False),
            "age": pa.Column("float64", between(18, 120), nullable=True),
            "amount": pa.Column("float64", between(0, 10_000), nullable=False),
            "score": pa.Column("float64", between(0, 1), nullable=True),
            "country": pa.Column("str", pa.Check.isin(COUNTRIES), nullable=False),
            "plan": pa.Column("str", pa.Check.isin(PLANS), nullable=True),
            "email": pa.Column("str", pa.Check.str_length(6, 60), nullable=False),
            "code": pa.Column("str", pa.Check.str_matches(f"{CODE}$"), nullable=False),
            "active": pa.Column("bool", nullable=False),
            "born": pa.Column(None, between(pd.Timestamp("1900-01-01"), pd.Timestamp("2026-12-31"))),
            "seen": pa.Column(None, between(pd.Timestamp("2025-01-01"), pd.Timestamp("2026-12-31"))),
        },
    )


def main(path: str) -> None:
    if path.endswith(".parquet"):
        frame = pd.read_parquet(path)
        frame["born"] = pd.to_datetime(frame["born"])
    else:
        frame = pd.read_csv(path, parse_dates=DATES)
    failed: Counter[str] = Counter()
    try:
        schema().validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failed.update(errors.failure_cases["column"].dropna())
    print(json.dumps({"rows": len(frame), "failed": dict(sorted(failed.items()))}))


if __name__ == "__main__":
    main(sys.argv[1])
