"""What the stages share: where things are, parameters, tables, files that are the same for the same values."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

TRAIN = Path("data/train.csv")
TEST = Path("data/test.csv")
MODEL = Path("models/wine.skops")
REPORTS = Path("reports")
METRICS = Path("metrics")

DIGITS = 6  # of every number that is written, so that the last bits of a sum are no change


@dataclass(frozen=True)
class Table:
    """The rows of one side of the split."""

    ids: pd.Series
    features: pd.DataFrame
    target: pd.Series


def read_params(path: Path = Path("params.yaml")) -> dict[str, Any]:
    """The parameters, read as DVC reads them: YAML 1.2, in which 1e-3 is a number."""
    params: dict[str, Any] = YAML(typ="safe").load(path)
    return params


def read_table(path: Path, id_column: str, target: str) -> Table:
    """Ids, features and target of a CSV file. The models take numbers: encode text in the prepare stage."""
    rows = pd.read_csv(path)
    features = rows.drop(columns=[id_column, target])
    text = features.select_dtypes(exclude=["number", "bool"]).columns
    if len(text):
        raise SystemExit(f"{path}: not numbers: {', '.join(text)}; encode them in pipeline/prepare.py")
    return Table(rows[id_column], features, rows[target])


def rounded(tree: Any) -> Any:
    """The same tree with plain numbers of DIGITS decimals."""
    if isinstance(tree, dict):
        return {str(key): rounded(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [rounded(value) for value in tree]
    return tree if isinstance(tree, str | int) else round(float(tree), DIGITS)


def write_json(path: Path, tree: Any) -> None:
    """Strict JSON: a NaN is an error here, not a surprise for whoever reads the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(tree), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(path: Path, columns: dict[str, Any]) -> None:
    """Columns as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, index=False, float_format=f"%.{DIGITS}f", lineterminator="\n")
