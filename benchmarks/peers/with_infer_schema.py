"""pandera's inference: types, gaps and the exact bounds of numbers, written as YAML."""

import sys

import pandas as pd
import pandera.pandas as pa

DATES = ["born", "seen"]


def main(path: str) -> None:
    frame = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path, parse_dates=DATES)
    print(pa.infer_schema(frame).to_yaml())


if __name__ == "__main__":
    main(sys.argv[1])
