"""The model as a file: skops, which holds data and no code, so that loading a file runs nothing from it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import skops.io

# The types beyond skops' own list that our models are made of (newer versions of skops know most of them). A file
# that asks for another type is refused: look at what it is before it gets a line here.
TRUSTED = [
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
]

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP file can name


def save(model: Any, path: Path) -> None:
    """Write the model; the same model gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_canonical(skops.io.dumps(model)))


def load(path: Path) -> Any:
    """Read a model back. Raises TypeError for a file that asks for types outside of TRUSTED."""
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    if unknown:
        raise TypeError(f"{path}: asks for types that are not trusted: {', '.join(unknown)}")
    return skops.io.load(path, trusted=TRUSTED)


def _canonical(content: bytes) -> bytes:
    """The same archive, compressed, without the time and the memory addresses that skops writes into it."""
    source = zipfile.ZipFile(io.BytesIO(content))
    ids: dict[int, int] = {}
    names: dict[str, str] = {}

    def renumber(node: Any) -> Any:
        if isinstance(node, list):
            return [renumber(item) for item in node]
        if not isinstance(node, dict):
            return node
        result = {key: renumber(value) for key, value in node.items()}
        if isinstance(node.get("__id__"), int):
            result["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
        if isinstance(node.get("file"), str):
            result["file"] = names.setdefault(node["file"], f"{len(names)}{Path(node['file']).suffix}")
        return result

    schema = json.dumps(renumber(json.loads(source.read("schema.json")))).encode()
    members = {name: source.read(old) for old, name in names.items()} | {"schema.json": schema}
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as target:
        for name, member in members.items():
            target.writestr(zipfile.ZipInfo(name, EPOCH), member, compress_type=zipfile.ZIP_DEFLATED)
    return result.getvalue()
