"""Records with everything that a report can show, and what the shell hands in beside them."""

import json
from pathlib import Path
from typing import Any

from mltools.core.records import Record, parse_record
from mltools.core.report.around import Around, Past
from mltools.core.report.facts import summarise
from mltools.core.verdict import Outcome

DATA = Path(__file__).parent / "data" / "reports"
COMMIT, BASE = "1" * 40, "2" * 40


def load(name: str = "full") -> dict[str, Any]:
    """A record as JSON, from `tests/data/reports`."""
    tree = json.loads((DATA / f"{name}.json").read_text())
    assert isinstance(tree, dict)
    return tree


def full(**changes: Any) -> Record:
    """A record in which every section has something to say."""
    parsed = parse_record({**load(), **changes}, "run.json")
    return parsed.model_copy(update={"summary": summarise(parsed)})


def around() -> Around:
    """Twelve runs of the base branch, and the base's ROC curve."""
    curve = next(plot for plot in full().plots if plot.path == "reports/roc.csv").model_dump()
    curve["lines"] = [{"name": "", "x": "0 0 0.1 0.4 1", "y": "0 0.6 0.8 0.95 1"}]
    plots = full(plots=[curve]).plots
    return Around(history=tuple(past(number) for number in range(12)), base_plots=plots)


def past(number: int) -> Past:
    """One of twelve runs whose scores go up with a dip."""
    commit = f"{number:02x}{'abcdef0123456789' * 3}"[:40]
    auc = 0.93 + 0.004 * number - (0.03 if number == 7 else 0)
    return Past(
        id=f"20260101T{number:02d}0405Z-{commit[:8]}-0000{number:02x}",
        commit=commit,
        time=f"2026-01-01T{number:02d}:04:05Z",
        verdict=Outcome.FAILED if number == 7 else Outcome.PASSED,
        metrics={"test.roc_auc": auc, "test.log_loss": 0.5 - 0.02 * number, "test.accuracy": 0.9},
    )
