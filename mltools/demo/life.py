"""The second part: a version serves, is watched, replaced, found outdated, trained again, and rolled back."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from mltools.demo.story import PROJECT, accept
from mltools.demo.teller import Teller
from mltools.demo.traffic import Row, Sent, Visitors
from mltools.errors import CommandError

LOG = "../log"
# A new scanner: what it measures of texture and smoothness is higher. The model was trained on these columns.
CHANGED = ("mean_texture", "worst_texture", "worst_smoothness")
FACTOR = 1.6
BOUNDS = {"mean_texture": 40.0, "worst_texture": 50.0, "worst_smoothness": 0.5}
VISITS = 800
BATCH = 200
FIRST_ID = 10_000
PATIENCE = 120.0


def tell(teller: Teller, place: Path, clock: Callable[[], datetime]) -> None:
    """Chapters 8 to 14, in the project of the first part."""
    project = place / PROJECT
    teller.chapter("8. The version goes where it serves, and a service follows the stage")
    teller.run(project, "mltools", "model", "promote", "tumour", "--stage", "prod")
    with teller.beside(
        project, "mltools", "serve", "tumour#prod", "--follow", "--port", "0", "--interval", "1", "--log", LOG,
        "--target", "demo",
    ) as service:  # fmt: skip
        address = service.line()
        if address is None:
            raise CommandError(f"the service ended with {service.wait()}; its last words are above")
        teller.say(f"  {address}")
        visitors = Visitors(address, project / "data/raw.csv", leave_out=("id", "diagnosis"))
        _watch(teller, project, visitors)
        _replace(teller, project, visitors)
        _drift(teller, project, visitors, clock)
        _train_again(teller, project, visitors)
        _roll_back(teller, project, visitors)
    teller.chapter("14. What Git knows of it")
    teller.run(project, "mltools", "model", "history", "tumour", "--stage", "prod")
    teller.run(project, "mltools", "model", "lineage", "tumour#prod")


def _watch(teller: Teller, project: Path, visitors: Visitors) -> None:
    teller.chapter("9. Real rows come in; what serves is held against its release")
    _count(teller, visitors.send(VISITS))
    teller.run(project, "mltools", "monitor", "check", "tumour#prod", "--log", LOG)


def _replace(teller: Teller, project: Path, visitors: Visitors) -> None:
    teller.chapter(
        "10. A second version is tried on half of the requests; no worse, so the stage moves by itself"
    )
    teller.run(project, "git", "checkout", "--quiet", "-b", "a-little-more")
    teller.edit(project / "params.yaml", r"^(\s+C:) 1\.0$", r"\1 0.5")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Regularise a little more")
    accept(teller, project, "a-little-more")
    teller.run(project, "mltools", "release")
    with _visited(teller, visitors, "0.1.0"):
        teller.run(
            project, "mltools", "model", "canary", "tumour", "--stage", "prod", "--share", "50%", "--pause", "2s",
            "--errors", "0.05",
        )  # fmt: skip


def _drift(teller: Teller, project: Path, visitors: Visitors, clock: Callable[[], datetime]) -> None:
    teller.chapter(
        "11. A new scanner measures three columns higher. One odd window is watched, a second one is drift"
    )
    for code in (0, 1):
        since = clock()
        _count(teller, visitors.send(VISITS, _scanned))
        teller.run(
            project, "mltools", "monitor", "check", "tumour#prod", "--log", LOG,
            "--since", _when(since), "--until", _when(clock()), expect=code,
        )  # fmt: skip


def _train_again(teller: Teller, project: Path, visitors: Visitors) -> None:
    teller.chapter(
        "12. Rows of the new scanner get their labels; the model is trained again, and proposed with its report"
    )
    _write_batch(project)
    teller.run(project, "mltools", "data", "add", "../november.csv")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Add rows of the new scanner")
    teller.run(project, "git", "push", "--quiet", "origin", "main")
    teller.run(project, "mltools", "retrain")
    teller.run(project, "git", "fetch", "--quiet", "origin")
    accept(teller, project, "origin/mltools/retrain-tumour")
    teller.run(project, "mltools", "release")
    with _visited(teller, visitors, visitors.serving()):
        teller.run(
            project, "mltools", "model", "promote", "tumour", "--stage", "prod", "--reason", "the new scanner"
        )


def _roll_back(teller: Teller, project: Path, visitors: Visitors) -> None:
    teller.chapter("13. Second thoughts: one command, and the version before serves again")
    with _visited(teller, visitors, visitors.serving()):
        teller.run(
            project,
            "mltools",
            "model",
            "rollback",
            "tumour",
            "--stage",
            "prod",
            "--reason",
            "second thoughts",
        )


@contextmanager
def _visited(teller: Teller, visitors: Visitors, before: str | None) -> Iterator[None]:
    """Requests without a pause, until another version answers than before."""
    with visitors.streaming() as sent:
        yield
        patience = time.monotonic() + PATIENCE
        while visitors.serving() == before:
            if time.monotonic() > patience:
                raise CommandError(f"after {PATIENCE:g} s v{before} still serves")
            time.sleep(0.2)
    _count(teller, sent)


def _count(teller: Teller, sent: Sent) -> None:
    """Say what became of requests. Raises CommandError when one was lost."""
    teller.say(f"# {sent.sentence}")
    if sent.failed:
        raise CommandError(f"requests failed: {'; '.join(sent.failed[:3])}")


def _scanned(row: Row) -> Row:
    """A row as the new scanner would have measured it, within what the contract allows."""
    return {**row, **{name: min(row[name] * FACTOR, BOUNDS[name]) for name in CHANGED}}


def _write_batch(project: Path) -> None:
    """Labelled rows of the new scanner, beside the project."""
    with (project / "data/raw.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:BATCH]
    with (project.parent / "november.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        for number, row in enumerate(rows, FIRST_ID):
            scanned = _scanned({name: float(row[name]) for name in CHANGED})
            writer.writerow(
                {**row, "id": number, **{name: f"{value:.6g}" for name, value in scanned.items()}}
            )


def _when(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
