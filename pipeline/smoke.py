"""Load a released model as whatever serves it would, and let it predict the first rows of the data.

    mltools model get wine@VERSION -o DIRECTORY
    python pipeline/smoke.py DIRECTORY

Runs in an environment that holds requirements.txt alone. A model that does not load there, or that predicts nothing,
ends with an error, and the deployment with it.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from model_file import load
from project import MODEL, Table, read_params, read_table

RAW = Path("data/raw.csv")
ROWS = 5


def model_in(directory: Path) -> Path:
    """The one model file in a directory. Raises SystemExit when there is none, or more than one."""
    found = sorted(directory.rglob(f"*{MODEL.suffix}"))
    if len(found) != 1:
        raise SystemExit(f"{directory}: {len(found)} model files ({MODEL.suffix}); expected one")
    return found[0]


def predictions(model: Any, table: Table, count: int = ROWS) -> dict[Any, Any]:
    """What the model says of the first rows, by their ids. Raises SystemExit when it leaves one out."""
    features = table.features.head(count)
    if not len(features):
        raise SystemExit("there is no row to predict")
    predicted = list(model.predict(features))
    if len(predicted) != len(features) or pd.isna(predicted).any():
        raise SystemExit(f"{len(features)} rows, but these predictions: {predicted}")
    return dict(zip(table.ids.head(count), predicted, strict=True))


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python pipeline/smoke.py DIRECTORY")
    options = read_params()["data"]
    path = model_in(Path(sys.argv[1]))
    table = read_table(RAW, options["id"], options["target"])
    for row_id, value in predictions(load(path), table).items():
        print(f"{path.name}: row {row_id}: {value}")


if __name__ == "__main__":
    main()
