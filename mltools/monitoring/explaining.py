"""Permutation importance of a served model on labelled requests: the model is fetched, loaded as a service would, and asked."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mltools.core.monitor.findings import Finding, Level
from mltools.core.monitor.importance import Cost, findings
from mltools.core.monitor.policy import Monitor
from mltools.core.serving import plain
from mltools.core.stats.values import Floats
from mltools.edges.tables.requests import Labelled
from mltools.models.finding import Place
from mltools.monitoring.reference import Reference
from mltools.server.files import ServerError
from mltools.server.models import SKOPS, Loaded, load
from mltools.serving.handing import hand

MOST_ROWS, MOST_FEATURES = 2_000, 50
REPEATS = 5
SEED = 0
LEAST = 1e-15


def explained(
    place: Place, reference: Reference, rows: Sequence[Labelled], policy: Monitor, *, rows_then: int | None
) -> tuple[Finding, ...]:
    """What the model leans on now, against its release.

    Of many rows the last by id are taken, of many features those that mattered most. Never raises: what cannot be told
    has a reason.
    """
    if not reference.record.file.path.endswith(SKOPS):
        return (_untold(f"the model is no {SKOPS} file, which could be loaded safely"),)
    try:
        with tempfile.TemporaryDirectory(prefix="mltools-monitor-") as scratch:
            record = reference.record
            hand(place, reference.released, Path(scratch), model=record.model)
            loaded = load(Path(scratch), record.model, plain(record.version))
            now = dict(_costs(loaded, _whole(loaded, rows), reference))
    except Exception as error:  # noqa: BLE001 - whatever a model does with rows of a log, its first line is the reason
        return (_untold(str(error).splitlines()[0] if str(error) else type(error).__name__),)
    found = findings(
        reference.importance, now, rows=min(len(rows), MOST_ROWS), rows_then=rows_then, alpha=policy.alpha
    )
    return tuple(found)


def _untold(reason: str) -> Finding:
    return Finding("model", Level.UNTOLD, f"model drift cannot be told: {reason}")


def _whole(loaded: Loaded, rows: Sequence[Labelled]) -> Sequence[Labelled]:
    """The rows whose features the model can be asked with. Raises ServerError where it needs what the log leaves out."""
    lacking = [name for name in loaded.features if name in loaded.hidden]
    if lacking:
        raise ServerError(f"it takes {lacking[0]}, of which the log keeps no value")
    return rows[-MOST_ROWS:]


def _costs(loaded: Loaded, rows: Sequence[Labelled], reference: Reference) -> Iterator[tuple[str, Cost]]:
    table = [{name: row.features.get(name) for name in loaded.features} for row in rows]
    labels = [row.label for row in rows]
    loss = _absolute if reference.numeric else _log_loss
    base = loss(loaded, table, labels)
    chance = np.random.default_rng(SEED)
    wanted = sorted(loaded.features, key=lambda name: -reference.importance.get(name, 0.0))[:MOST_FEATURES]
    for name in wanted:
        extra = np.zeros(len(rows))
        for _ in range(REPEATS):
            order = chance.permutation(len(table))
            shuffled = [{**row, name: table[other][name]} for row, other in zip(table, order, strict=True)]
            extra += (loss(loaded, shuffled, labels) - base) / REPEATS
        yield name, Cost(float(extra.mean()), float(extra.std(ddof=1) / np.sqrt(len(rows))))


def _log_loss(loaded: Loaded, table: Sequence[Mapping[str, Any]], labels: Sequence[Any]) -> Floats:
    scores = loaded.predict(table).scores
    if scores is None:
        raise ServerError("it gives no probabilities")
    said = [row.get(str(label), 0.0) for row, label in zip(scores, labels, strict=True)]
    loss: Floats = -np.log(np.clip(np.array(said, dtype=float), LEAST, 1.0))
    return loss


def _absolute(loaded: Loaded, table: Sequence[Mapping[str, Any]], labels: Sequence[Any]) -> Floats:
    said = np.array(loaded.predict(table).predictions, dtype=float)
    loss: Floats = np.abs(said - np.array(labels, dtype=float))
    return loss
