"""Every test runs in a home of its own: no user configuration, fixed identity and dates, no network beyond loopback."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.buckets import bucket, s3_credentials, s3_server  # noqa: F401 - fixtures
from tests.support import DATE, git, make_repo

# No example is timed: machines differ. In CI the same examples every time, so that red means a change; by hand new ones.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("GIT_", "GITHUB_", "MLTOOLS_", "DVC_")) or name in {"CI", "GH_TOKEN", "NO_COLOR"}:
            monkeypatch.delenv(name)
    # What the tests start shall not compile the whole package each time.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    settings = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "A Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.com",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_NAME": "A Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.com",
        "GIT_COMMITTER_DATE": DATE,
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / ".dvc-site"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    (home / ".gitconfig").write_text('[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n')


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit."""
    return make_repo(tmp_path / "repo", {"README.md": "a project\n"})


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty bare repository."""
    return make_repo(tmp_path / "remote.git", bare=True)


@pytest.fixture
def clone(repo: Path, remote: Path) -> Path:
    """`repo` with `remote` as its origin, main pushed."""
    git(repo, "remote", "add", "origin", str(remote))
    git(repo, "push", "-q", "-u", "origin", "main")
    return repo


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
