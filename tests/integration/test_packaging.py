"""The source distribution and the wheel: what they hold, and that an installed wheel can make a project."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mltools import __version__
from tests.support import git

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sdist of this tree, and the wheel built from that sdist."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return built / f"mltools_gitops-{__version__}-py3-none-any.whl"


def tracked(folder: str) -> set[str]:
    return set(git(ROOT, "ls-files", folder).split("\n"))


def test_the_wheel_ships_the_tracked_templates_and_no_others(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("mltools/_templates/")}
    assert names == {name.replace("templates/", "mltools/_templates/", 1) for name in tracked("templates")}


def test_the_wheel_ships_the_package_and_nothing_beside_it(wheel: Path) -> None:
    own = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "mltools")
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    code = {name for name in names - metadata if not name.startswith("mltools/_templates/")}
    assert code == {name for name in own.split("\n") if (ROOT / name).exists()}
    assert any(name.endswith("licenses/LICENSE") for name in metadata)


def test_the_sdist_holds_all_that_the_wheel_is_built_from(built: Path) -> None:
    with tarfile.open(built / f"mltools_gitops-{__version__}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked("templates") | tracked("mltools") <= names
    assert {"pyproject.toml", "README.md", "LICENSE"} <= names
    assert not {name for name in names if name.startswith((".github/", "data/", "models/", ".dvc/"))}


def test_an_installed_wheel_makes_a_project(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = ["install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    env = {**os.environ, "PYTHONPATH": str(site)}
    where = [sys.executable, "-c", "from mltools.edges import templates; print(templates.root())"]
    found = subprocess.run(where, capture_output=True, text=True, check=True, env=env, cwd=tmp_path).stdout
    assert Path(found.strip()) == site / "mltools" / "_templates"
    make = [sys.executable, "-m", "mltools", "init", "demo", "--no-input"]
    done = subprocess.run(make, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    project = tmp_path / "demo"
    assert (project / "data/raw.csv").is_file()
    assert not [path for path in project.rglob("__pycache__") if ".git" not in path.parts]
    assert git(project, "status", "--porcelain") == ""
