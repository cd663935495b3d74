"""How often each arm of a trial was wrong, by the labels that came for what the request log holds."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mltools.core.events import Event
from mltools.core.rollout import Arm

LONGEST = 1 << 20
FAILED = 500


def wrong(log: Path | None, begun: Event, versions: Mapping[str, str]) -> dict[str, Arm]:
    """Labelled and wrong answers of each arm since a trial began; of classes only, numbers are never simply wrong.

    An id that stands twice counts once, by its first answer and its last label. Files of the request log that were full
    before the trial are not read.
    """
    found = {arm: Arm() for arm in versions}
    labels = {} if log is None else dict(_labels(log))
    if log is None or not labels:
        return found
    arms = {(arm, version): arm for arm, version in versions.items()}
    seen: set[str] = set()
    for line in _lines(log, "requests-*.jsonl", since=datetime.fromisoformat(begun.time).timestamp()):
        arm = arms.get((line.get("arm"), line.get("version")))  # type: ignore[arg-type]
        row_id, said = line.get("id"), line.get("prediction")
        if arm is None or not isinstance(row_id, str) or row_id in seen or row_id not in labels:
            continue
        if str(line.get("time")) < begun.time:
            continue
        if line.get("status") == FAILED:
            # What the canary failed and the stable arm answered instead tells nothing of either.
            seen.add(row_id)
            continue
        if not isinstance(said, str | bool | int):
            continue
        seen.add(row_id)
        missed = int(str(said) != str(labels[row_id]))
        found[arm] = found[arm].plus(Arm(labelled=1, wrong=missed))
    return found


def _labels(log: Path) -> Iterator[tuple[str, Any]]:
    for line in _lines(log, "labels-*.jsonl"):
        if isinstance(line.get("id"), str) and isinstance(line.get("label"), str | bool | int):
            yield line["id"], line["label"]


def _lines(log: Path, pattern: str, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """The objects in files of JSON lines; what is none, such as a line torn by a kill, is passed over."""
    for path in sorted(log.glob(pattern)):
        try:
            if path.stat().st_mtime < since:
                continue
            source = path.open("rb")
        except OSError:
            continue
        with source:
            while text := source.readline(LONGEST):
                try:
                    tree = json.loads(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(tree, dict):
                    yield tree
