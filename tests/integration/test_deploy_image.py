"""The rendered Dockerfile, really built without any registry: by buildah, on a Debian that debootstrap makes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stock import pack_requirements
from tests.releases import command
from tests.scorable import ROWS_GOOD, scorable
from tests.serving import started

pytestmark = [pytest.mark.full, pytest.mark.slow]

IMAGE = "localhost/toy:test"
PACKAGES = "python3-minimal,python3-pip,python3-venv,ca-certificates"
# What making the Debian, and building on it, may take at most.
SECONDS = 280


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place for some gigabytes, gone afterwards."""
    for program in ("buildah", "debootstrap"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if os.geteuid() != 0:
        pytest.skip("debootstrap and buildah's chroot isolation need root")
    if sys.version_info[:2] != (3, 11):
        pytest.skip("Debian bookworm has Python 3.11, and the wheels here are those of another one")
    place = tmp_path_factory.mktemp("image")
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def debian(folder: Path) -> Path:
    """A minimal Debian with Python."""
    root = folder / "rootfs"
    argv = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"debootstrap was not done within {SECONDS} s")
    if done.returncode:
        pytest.skip(f"debootstrap cannot make a Debian here: {done.stdout[-200:]}")
    (root / "usr/bin/python").symlink_to("python3")
    return root


def buildah(folder: Path, *args: str | Path) -> list[str]:
    places = ("--root", str(folder / "store"), "--runroot", str(folder / "run"))
    return ["buildah", *places, *map(str, args)]


def run(argv: list[str]) -> str:
    env = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env, timeout=SECONDS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.strip()


def test_the_image_is_built_runs_as_nobody_and_answers(
    folder: Path, debian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, out = scorable(tmp_path / "repo"), tmp_path / "out"
    done = command(
        repo, "deploy", "render", "toy@v1.0.0", "--target", "docker", "--image", IMAGE, "-o", str(out)
    )
    assert done.code == 0, done.err
    # The packages come from a folder in the base, so that the build is the real one and needs no index.
    pack_requirements((out / "requirements.txt").read_text().splitlines(), debian / "wheels")
    (debian / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    context = folder / "context"
    context.mkdir()
    subprocess.run(["tar", "-C", str(debian), "-cf", str(context / "rootfs.tar"), "."], check=True)
    (folder / "base").write_text("FROM scratch\nADD rootfs.tar /\n")
    base = next(line for line in (out / "Dockerfile").read_text().splitlines() if line.startswith("FROM "))
    name = f"docker.io/library/{base.split()[1]}"

    run(buildah(folder, "bud", "-f", folder / "base", "-t", name, context))
    run(buildah(folder, "bud", "--pull-never", "-t", IMAGE, out))
    container = run(buildah(folder, "from", "--pull-never", IMAGE))
    told = "{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}"
    assert run(buildah(folder, "inspect", "--format", told, IMAGE)) == (
        "10001:10001 [python -m server --host 0.0.0.0 --port 8080] [--models models]"
    )
    listed = run(buildah(folder, "run", container, "--", "python", "-c",
                         "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"))  # fmt: skip
    assert {"fastapi", "scikit-learn", "skops"} <= set(listed.split())
    assert not {"dvc", "gitpython", "mltools-gitops", "pip"} & set(listed.split())

    monkeypatch.setenv("STORAGE_DRIVER", "vfs")
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    argv = buildah(folder, "run", "--network", "host", container, "--",
                   "python", "-m", "server", "--models", "models", "--host", "127.0.0.1", "--port", "0", "--end-with-stdin")  # fmt: skip
    with started(argv, tmp_path / "models", tmp_path / "log", stdin=subprocess.PIPE) as running:
        assert running.told["ready"] is True, running.told
        assert run(buildah(folder, "run", container, "--", "id", "-u")) == "10001"
        assert len(running.predict(*ROWS_GOOD).json["predictions"]) == len(ROWS_GOOD)
        address = running.told["address"]
        assert command(repo, "deploy", "smoke", address, "--release", "toy@v1.0.0").code == 0
        # A service whose buildah is killed would go on: it ends with its stdin.
        assert running.process.stdin is not None
        running.process.stdin.close()
        running.process.wait(SECONDS)
