"""A repository with a released model that really predicts, kept in Git; and files for it to score."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mltools.core.release_record import ModelFile, ReleaseRecord, tag_message
from mltools.core.release_terms import DataContract
from mltools.edges import documents
from tests.registries import tag
from tests.support import commit, git, make_repo
from tests.unit.test_release_record import RECORD

FEATURES = ["size", "age", "site"]
SITES = ("north", "south", "east")
ROWS_GOOD = [{"size": 3.0, "age": 40, "site": "north"}, {"size": -3.0, "age": 20, "site": "east"}]
CONTRACT = DataContract(
    "data/raw.csv",
    input=(
        {"name": "size", "type": "number", "required": True, "minimum": -20, "maximum": 20},
        {"name": "age", "type": "integer", "required": True, "minimum": 0},
        {"name": "site", "type": "category", "required": True, "enum": list(SITES)},
        {"name": "note", "type": "string", "required": True, "role": "sensitive"},
    ),
    output=({"name": "label", "type": "category", "enum": ["no", "yes"], "role": "target"},),
    other=({"name": "id", "type": "integer", "required": True, "unique": True, "role": "id"},),
    rules={
        "extra_columns": "forbid",
        "checks": [{"name": "grown", "expression": "age >= 18 OR size < 10"}],
    },
)


def classifier() -> Any:
    """Says "yes" of most large sizes, and takes text beside numbers."""
    chance = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "size": chance.normal(size=300),
            "age": chance.integers(18, 80, 300),
            "site": chance.choice(SITES, 300),
        }
    )
    labels = np.where(table["size"] + (table["site"] == "north") > 0.3, "yes", "no")
    coded = make_column_transformer((OneHotEncoder(), ["site"]), remainder=StandardScaler())
    return make_pipeline(coded, LogisticRegression()).fit(table, labels)


def regressor() -> Any:
    table = pd.DataFrame({"size": [0.0, 1.0, 2.0, 3.0], "age": [1.0, 2.0, 1.0, 2.0]})
    return LinearRegression().fit(table, [0.0, 2.0, 4.0, 6.0])


def release(
    repo: Path,
    version: str,
    model: Any,
    *,
    name: str = "toy",
    contracts: tuple[DataContract, ...] = (CONTRACT,),
    files: Mapping[str, str] | None = None,
    file: str = "models/toy.skops",
    **changes: Any,
) -> ReleaseRecord:
    """A version whose model Git itself tracks; `changes` are other fields of its record."""
    content = model if isinstance(model, bytes) else skops.io.dumps(model)
    place = repo / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    known = ModelFile(
        file,
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
        hashlib.sha256(content).hexdigest(),
        len(content),
    )
    out = {"path": file, "hash": "md5", "md5": known.md5, "size": known.size}
    lock = documents.write_yaml(
        {"schema": "2.0", "stages": {"train": {"cmd": "python train.py", "outs": [out]}}}
    )
    stage = f"stages: {{train: {{cmd: python train.py, outs: [{{{file}: {{cache: false}}}}]}}}}\n"
    contents = {"version.txt": f"{version}\n", "dvc.lock": lock, "dvc.yaml": stage, **(files or {})}
    head = commit(repo, contents, f"Release {version}")
    digest = hashlib.md5(lock.encode(), usedforsecurity=False).hexdigest()
    record = replace(
        RECORD,
        **{
            "model": name,
            "version": version,
            "commit": head,
            "file": known,
            "contracts": contracts,
            "lock_md5": digest,
            **changes,
        },
    )
    tag(repo, f"{name.replace(':', '=')}@{version}", message=tag_message(record))
    return record


def scorable(path: Path, **changes: Any) -> Path:
    """A repository with toy@v1.0.0."""
    repo = make_repo(path, {"README.md": "toy\n"})
    release(repo, "v1.0.0", changes.pop("model", None) or classifier(), **changes)
    return repo


def rows(count: int, *, seed: int = 1) -> pd.DataFrame:
    """Good rows."""
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "size": np.round(chance.normal(size=count), 4),
            "age": chance.integers(18, 80, count),
            "site": chance.choice(SITES, count),
        }
    )


def tags_of(repo: Path) -> list[str]:
    return git(repo, "tag", "--list").split()
