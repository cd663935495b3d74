"""A released model from its directory: its hash checked, its types looked at, its contract beside it."""

import hashlib
import io
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import files
from .comparing import alike
from .contract import Contract, contract_of
from .files import ServerError
from .frames import frame_of
from .places import VERSION_FILE, version_directory

SKOPS = ".skops"
PICKLES = frozenset({".pkl", ".pickle", ".joblib"})
# Classifiers whose answer is the class of the largest probability, so that one pass gives both.
_LARGEST_WINS = frozenset(
    {
        "DecisionTreeClassifier",
        "ExtraTreesClassifier",
        "GradientBoostingClassifier",
        "HistGradientBoostingClassifier",
        "LogisticRegression",
        "RandomForestClassifier",
    }
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of rows, as JSON has it; `scores` holds the probability of each class, None without."""

    predictions: list[Any]
    scores: list[dict[str, float]] | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that can answer. `classes` are None of one that answers numbers; `scored` ones tell probabilities."""

    name: str
    version: str
    sha256: str
    contract: Contract
    info: Mapping[str, Any]
    model: Any
    features: tuple[str, ...]
    classes: tuple[Any, ...] | None
    scored: bool
    one_pass: bool

    @property
    def hidden(self) -> frozenset[str]:
        """Columns of which no value may be seen."""
        return frozenset(name for name, column in self.contract.columns.items() if column.sensitive)

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> Answers:
        """What the model says of rows that were checked. Raises ServerError for an answer that is none."""
        frame = frame_of(rows, self.features, self.contract)
        scores: list[dict[str, float]] | None = None
        if self.classes is None or not self.scored:
            predictions = _plain(self.model.predict(frame))
        else:
            shares = np.asarray(self.model.predict_proba(frame))
            if not np.isfinite(shares).all():
                raise ServerError("the model gave a probability that is no number")
            names = [str(label) for label in self.classes]
            scores = [dict(zip(names, row, strict=True)) for row in shares.tolist()]
            if self.one_pass:
                predictions = [self.classes[index] for index in shares.argmax(axis=1)]
            else:
                predictions = _plain(self.model.predict(frame))
        if len(predictions) != len(rows) or any(_odd(value) for value in predictions):
            raise ServerError(
                f"the model gave {len(predictions)} answers to {len(rows)} rows, or one that is none"
            )
        return Answers(predictions, scores)


def directory(models: Path, name: str, version: str) -> Path:
    """Where a version lies. Raises ServerError for a name or version that would lead elsewhere."""
    place = version_directory(models, name, version)
    for part in (name.replace("/", "%2F"), version):
        if not part or part.startswith(".") or "/" in part or "\\" in part or not part.isprintable():
            raise ServerError(f"{part!r} cannot name a directory of a model")
    return place


def load(models: Path, name: str, version: str, *, pickle: bool = False) -> Loaded:
    """The version, checked and warmed by its smoke rows. Raises ServerError saying why it cannot serve."""
    place = directory(models, name, version)
    try:
        info = files.read_json(place / VERSION_FILE)
    except FileNotFoundError as error:
        raise ServerError(f"{name} {version} is not in {models}") from error
    for key, wanted in (("model", name), ("version", version)):
        if info.get(key) != wanted:
            raise ServerError(
                f"{place / VERSION_FILE} speaks of the {key} {info.get(key)!r}, not of {wanted!r}"
            )
    name, content = _content(place, info)
    model, notes = _unpacked(name, content, info, pickle=pickle)
    loaded = _described(info, model, notes)
    _smoke(loaded)
    return loaded


def _content(place: Path, info: Mapping[str, Any]) -> tuple[str, bytes]:
    """The model's file by its name, and its bytes, which have the hash that its release says.

    What was hashed is what is loaded: the file is read once.
    """
    file = info.get("file")
    if not isinstance(file, str) or "/" in file or "\\" in file or file.startswith("."):
        raise ServerError(f"{place / VERSION_FILE} names no file of this directory: {file!r}")
    path = place / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ServerError(f"{path} cannot be read: {error.strerror or error}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != info.get("sha256"):
        raise ServerError(
            f"{path} is not what was released: its SHA-256 is {digest}, and should be {info.get('sha256')}"
        )
    return file, content


def _unpacked(name: str, content: bytes, info: Mapping[str, Any], *, pickle: bool) -> tuple[Any, list[str]]:
    """The model, and what was said while it was loaded."""
    suffix = Path(name).suffix
    if suffix == SKOPS:
        return _guarded(lambda: _from_skops(name, content, info.get("types") or []), name)
    if suffix not in PICKLES:
        raise ServerError(
            f"{name}: a file of this kind cannot be served; save the model with skops as *.skops"
        )
    if not pickle:
        raise ServerError(
            f"{name} is a pickle, which runs code when it is loaded; save the model with skops, "
            "or start with --let-the-model-file-run-any-code"
        )
    import joblib  # noqa: PLC0415 - only where somebody insists

    return _guarded(lambda: joblib.load(io.BytesIO(content)), name)


def _from_skops(name: str, content: bytes, reviewed: Sequence[str]) -> Any:
    import skops.io  # noqa: PLC0415 - with scikit-learn behind it, it loads for a second

    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(reviewed))
    if unknown:
        raise ServerError(
            f"{name} asks for types that nobody reviewed: {', '.join(unknown[:5])}; look at what they are, "
            "then name them in serve.types of mltools.yaml and release again"
        )
    return skops.io.loads(content, trusted=list(reviewed))


def _guarded(read: Callable[[], Any], name: str) -> tuple[Any, list[str]]:
    """What is read; warnings, as of a model made by another version of scikit-learn, are for `/health/ready`."""
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = read()
    except ServerError:
        raise
    except Exception as error:
        raise ServerError(f"{name} cannot be loaded: {type(error).__name__}: {error}") from error
    told = dict.fromkeys(" ".join(str(one.message).split())[:300] for one in said)
    return found, [f"{name}: {text}" for text in list(told)[:5]]


def _described(info: Mapping[str, Any], model: Any, notes: Sequence[str]) -> Loaded:
    if not callable(getattr(model, "predict", None)):
        raise ServerError(f"{info['file']} holds a {type(model).__name__}, which predicts nothing")
    names = getattr(model, "feature_names_in_", None)
    taken = None if names is None else [str(name) for name in names]
    try:
        contract = contract_of(info, taken)
        contract = replace(contract, notes=(*notes, *contract.notes))
    except (ValueError, TypeError) as error:
        raise ServerError(f"the contract of {info['model']} {info['version']} is broken: {error}") from error
    if not contract.columns:
        raise ServerError(
            f"neither the release nor the model says which columns {info['model']} {info['version']} takes; "
            "give the data set a contract, or fit the model on a data frame"
        )
    classes = getattr(model, "classes_", None)
    scored = classes is not None and callable(getattr(model, "predict_proba", None))
    final = model.steps[-1][1] if type(model).__name__ == "Pipeline" else model
    return Loaded(
        str(info["model"]),
        str(info["version"]),
        str(info["sha256"]),
        contract,
        info,
        model,
        tuple(taken if taken is not None else contract.columns),
        None if classes is None else tuple(_plain(classes)),
        scored,
        scored and type(final).__name__ in _LARGEST_WINS and type(final).__module__.startswith("sklearn."),
    )


def _smoke(loaded: Loaded) -> None:
    """Let the version answer its smoke rows, which also warms it."""
    rows = loaded.info.get("smoke") or []
    if not rows:
        return
    where = f"{loaded.name} {loaded.version} fails its smoke rows"
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServerError(f"{where}: they are no list of rows")
    clean, faults, _ = loaded.contract.check(rows)
    if faults:
        first = faults[0]
        raise ServerError(f"{where}: row {first.row}, {first.column}: {first.message}")
    try:
        said = loaded.predict(clean).predictions
    except Exception as error:
        raise ServerError(f"{where}: {type(error).__name__}: {error}") from error
    expected = loaded.info.get("expected")
    if not isinstance(expected, list):
        return
    for number, (one, wanted) in enumerate(zip(said, expected, strict=False)):
        if not alike(one, wanted):
            raise ServerError(f"{where}: row {number} gives {one!r}, and should give {wanted!r}")


def _plain(values: Any) -> list[Any]:
    found = values.tolist() if hasattr(values, "tolist") else list(values)
    return found if isinstance(found, list) else [found]


def _odd(value: Any) -> bool:
    """Whether a prediction is no plain value: NaN, infinity, nothing, a list."""
    return not math.isfinite(value) if isinstance(value, float) else not isinstance(value, str | int)
