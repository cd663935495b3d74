"""The contract of `benchmarks.tables` as expectations on a pandas frame; prints how many rows break each, as JSON.

The bounds of the two dates are left out: they are compared one by one in Python, which takes longer than all the rest.
It runs by itself, because Great Expectations may live in an environment of its own.
"""

import json
import sys
from collections import Counter
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

COUNTRIES = [
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
]
BETWEEN: dict[str, tuple[Any, Any]] = {
    "id": (0, None),
    "user_id": (0, None),
    "age": (18, 120),
    "amount": (0, 10_000),
    "score": (0, 1),
}
FILLED = ("id", "user_id", "amount", "country", "email", "code", "active", "born", "seen")
MOSTLY = {"age": 0.95, "score": 0.9, "plan": 0.95}
TYPES = {
    "id": "int64",
    "user_id": "float64",
    "age": "float64",
    "amount": "float64",
    "score": "float64",
    "active": "bool",
}


def expectations() -> list[Any]:
    found = [gxe.ExpectColumnValuesToBeOfType(column=name, type_=kind) for name, kind in TYPES.items()]
    found += [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in FILLED]
    found += [gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=share) for name, share in MOSTLY.items()]
    found += [
        gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
        for name, (low, high) in BETWEEN.items()
    ]
    found += [
        gxe.ExpectColumnValuesToBeUnique(column="id"),
        gxe.ExpectColumnValuesToBeInSet(column="country", value_set=COUNTRIES),
        gxe.ExpectColumnValuesToBeInSet(column="plan", value_set=["free", "basic", "pro", "team"]),
        gxe.ExpectColumnValueLengthsToBeBetween(column="email", min_value=6, max_value=60),
        gxe.ExpectColumnValuesToMatchRegex(column="code", regex="^[A-Z]{2}-[0-9]{4}$"),
    ]
    return found


def main(path: str) -> None:
    if path.endswith(".parquet"):
        frame = pd.read_parquet(path)
        frame["born"] = pd.to_datetime(frame["born"])
    else:
        frame = pd.read_csv(path, parse_dates=["born", "seen"])
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="contract", expectations=expectations())
    failed: Counter[str] = Counter()
    for result in batch.validate(suite, result_format="BASIC").results:
        if not result.success:
            failed[result.expectation_config.kwargs["column"]] += result.result["unexpected_count"]
    print(json.dumps({"rows": len(frame), "failed": dict(sorted(failed.items()))}))


if __name__ == "__main__":
    main(sys.argv[1])
