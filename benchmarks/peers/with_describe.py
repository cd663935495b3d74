"""What a data scientist asks of a table by hand: pandas' summary of every column, and the values of those with few."""

import sys

import pandas as pd

DATES = ["born", "seen"]
FEW = 50


def main(path: str) -> None:
    if path.endswith(".parquet"):
        frame = pd.read_parquet(path)
        frame["born"] = pd.to_datetime(frame["born"])
    else:
        frame = pd.read_csv(path, parse_dates=DATES)
    print(frame.describe(include="all").to_string())
    for name in frame.columns:
        counts = frame[name].value_counts()
        if len(counts) <= FEW:
            print(counts.to_string())


if __name__ == "__main__":
    main(sys.argv[1])
