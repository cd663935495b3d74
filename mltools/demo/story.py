"""The first part: from an empty directory to a released version."""

import sys
from pathlib import Path

from mltools.demo.teller import Teller
from mltools.edges import documents, process

PROJECT, REMOTE = "tumour", "tumour.git"


def tell(teller: Teller, place: Path) -> None:
    """Chapters 1 to 7, in the empty directory `place`."""
    project = place / PROJECT
    _begin(teller, place, project)
    _improve(teller, project)
    _break_the_data(teller, project)
    _worsen(teller, project)
    _release(teller, project)


def _begin(teller: Teller, place: Path, project: Path) -> None:
    teller.chapter("1. A project on real data, and a bare repository that judges every push")
    teller.run(place, "mltools", "init", PROJECT, "--no-input", "--ci", "none")
    teller.run(place, "git", "init", "--quiet", "--bare", "--initial-branch=main", REMOTE)
    teller.run(place, "mltools", "hook", "install", "--enforce", REMOTE)
    teller.run(project, "git", "remote", "add", "origin", f"../{REMOTE}")
    teller.chapter("2. git push: the data is validated, the model trained, judged and recorded")
    teller.run(project, "git", "push", "--quiet", "origin", "main")


def _improve(teller: Teller, project: Path) -> None:
    teller.chapter("3. A branch that improves the model")
    teller.run(project, "git", "checkout", "--quiet", "-b", "less-regularisation")
    teller.edit(project / "params.yaml", r"^(\s+C:) 0\.01$", r"\1 1.0")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Regularise less")
    teller.run(project, "git", "push", "--quiet", "origin", "less-regularisation")


def _break_the_data(teller: Teller, project: Path) -> None:
    teller.chapter("4. A branch whose data breaks the contract: refused before anything is trained")
    teller.run(project, "git", "checkout", "--quiet", "-b", "new-batch", "main")
    teller.run(project, "mltools", "data", "pull")
    teller.edit(project / "data/raw.csv", r"^(1,[^,]*),[^,]+,", r"\1,-17.99,")
    teller.run(project, "dvc", "add", "--quiet", "data/raw.csv")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Add a batch")
    teller.run(project, "git", "push", "--quiet", "origin", "new-batch", expect=1)


def _worsen(teller: Teller, project: Path) -> None:
    teller.chapter("5. A branch that makes the model worse: refused, with the reason")
    teller.run(project, "git", "checkout", "--quiet", "-b", "too-simple", "main")
    teller.edit(project / "params.yaml", r"^(\s+C:) 0\.01$", r"\1 0.000001")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Regularise much more")
    teller.run(project, "git", "push", "--quiet", "origin", "too-simple", expect=1)
    teller.chapter("   The report of that run, as a pull request would show it")
    teller.run(project, "mltools", "runs", "sync")
    teller.run(project, "mltools", "report", "render", "--run", _run_of(teller, project, "too-simple"))


def accept(teller: Teller, project: Path, branch: str) -> None:
    """Merge a branch into main and push that."""
    teller.run(project, "git", "checkout", "--quiet", "main")
    teller.run(project, "git", "merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)
    teller.run(project, "dvc", "checkout", "--quiet", "data/raw.csv.dvc")  # the data that main names
    teller.run(project, "git", "push", "--quiet", "origin", "main")


def _run_of(teller: Teller, project: Path, rev: str) -> str:
    """The id of the newest run of a revision."""
    asked = process.run(
        sys.executable, "-m", "mltools", "runs", "show", rev, "--json", cwd=project, env=teller.environ
    )
    return str(documents.read_json(asked.stdout, "run.json")["id"])


def _release(teller: Teller, project: Path) -> None:
    teller.chapter("6. The good branch is merged, judged again from the cache, and released")
    accept(teller, project, "less-regularisation")
    teller.run(project, "mltools", "release")
    teller.chapter("7. What Git now knows")
    teller.run(project, "mltools", "runs", "list")
    teller.run(project, "mltools", "model", "list")
