"""Chunks of a file answered by a loaded model: the features as it takes them, its predictions, probabilities, gaps."""

from typing import Any

import numpy as np
import pandas as pd

from mltools.core import scoring
from mltools.core.scoring import OnBad, Terms
from mltools.errors import DataError, UsageError
from mltools.server.models import Loaded


class Answering:
    """Turns data frames of a source (`o`, `f0`..., `k0`..., `problem`) into those of an output."""

    def __init__(self, loaded: Loaded, terms: Terms, on_bad: OnBad, *, probabilities: bool) -> None:
        if probabilities and not loaded.scored:
            raise UsageError(
                f"{loaded.name} {loaded.version} tells no probabilities", hint="leave --proba out"
            )
        self._loaded = loaded
        self._terms = terms
        self._on_bad = on_bad
        self._classes = None if loaded.classes is None else np.array(loaded.classes, dtype=object)
        self.told_classes = tuple(loaded.classes or ()) if probabilities else ()
        self.prediction = scoring.prediction_type(loaded.classes)

    def answers(self, frame: Any, first: int) -> tuple[pd.DataFrame, int]:
        """The output's columns for a chunk whose first row has the offset `first`, and how many rows were read.

        Raises DataError when the model fails or gives no answer, or when rows came in another order.
        """
        count = len(frame)
        if not np.array_equal(frame["o"].to_numpy(), np.arange(first, first + count)):
            raise DataError(f"row {first + 1:,}: the rows did not come in their order")
        good = frame["problem"].isna().to_numpy()
        chosen = frame if good.all() else frame[good]
        predicted, shares = self._says(chosen) if len(chosen) else (np.empty(0, dtype=object), None)
        kept = good if self._on_bad == "skip" else np.ones(count, dtype=bool)
        out: dict[str, Any] = {}
        for at in range(len(self._terms.carried)):
            out[f"k{at}"] = frame[f"k{at}"].to_numpy(dtype=object, na_value=None)[kept]
        if not self._terms.carried:
            out["row"] = frame["o"].to_numpy()[kept] + 1
        out["prediction"] = _spread(predicted, good, kept, dtype=object)
        for at in range(len(self.told_classes)):
            column = np.empty(0) if shares is None else shares[:, at]
            out[f"p{at}"] = _spread(column, good, kept, dtype=float)
        if self._on_bad == "flag":
            out["problem"] = frame["problem"].to_numpy(dtype=object, na_value=None)
        return pd.DataFrame(out), count

    def _says(self, frame: pd.DataFrame) -> tuple[Any, Any]:
        """Predictions and probabilities of good rows."""
        table = pd.DataFrame(
            {name: _feature(frame[f"f{at}"]) for at, name in enumerate(self._terms.features)}
        )
        rows = f"rows {int(frame['o'].iloc[0]) + 1:,} to {int(frame['o'].iloc[-1]) + 1:,}"
        try:
            shares = self._shares(table)
            if shares is not None and self._loaded.one_pass and self._classes is not None:
                predicted = self._classes[shares.argmax(axis=1)]
            else:
                predicted = np.asarray(self._loaded.model.predict(table))
        except Exception as error:
            raise DataError(f"{rows}: the model fails: {type(error).__name__}: {error}") from error
        if predicted.shape != (len(table),) or (shares is not None and shares.shape[0] != len(table)):
            raise DataError(f"{rows}: the model gives answers of another shape than one for each row")
        _refuse_none(predicted, shares, frame)
        return np.array(predicted.tolist(), dtype=object), shares

    def _shares(self, table: pd.DataFrame) -> Any:
        """Probabilities, where they are asked for or give the prediction."""
        if self._classes is None or not (self.told_classes or self._loaded.one_pass):
            return None
        return np.asarray(self._loaded.model.predict_proba(table), dtype=float)


def _refuse_none(predicted: Any, shares: Any, frame: pd.DataFrame) -> None:
    odd = ~np.isfinite(predicted) if predicted.dtype.kind == "f" else np.zeros(len(predicted), dtype=bool)
    if shares is not None:
        odd = odd | ~np.isfinite(shares).all(axis=1)
    if odd.any():
        row = int(frame["o"].to_numpy()[odd.argmax()]) + 1
        raise DataError(f"row {row:,}: the model gives no finite answer")


def _feature(column: pd.Series) -> Any:
    """A column as reading a file would have typed it: gaps in text are NaN."""
    if column.dtype.kind in "fb":
        return column.to_numpy()
    return column.to_numpy(dtype=object, na_value=np.nan)


def _spread(values: Any, good: Any, kept: Any, *, dtype: Any) -> Any:
    """Values of the good rows among all that are kept; the others have none."""
    found = np.full(len(good), None if dtype is object else np.nan, dtype=dtype)
    found[good] = values
    return found[kept]
