"""Packages for jobs that must not reach an index: what this environment holds, as a folder to import from and as wheels."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[2]


def site_without_mltools(folder: Path) -> Path:
    """A folder with all that is installed here but mltools itself, as links."""
    folder.mkdir(parents=True)
    for place in {Path(str(found.locate_file(""))) for found in distributions()}:
        if place.name != "site-packages":
            continue
        for entry in place.iterdir():
            if "mltools" not in entry.name and entry.suffix != ".pth" and entry.name != "__pycache__":
                (folder / entry.name).symlink_to(entry)
    return folder


def build_mltools(folder: Path) -> Path:
    """The wheel of this checkout."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("mltools_gitops-*.whl")
    return wheel


def pack_requirements(lines: Iterable[str], folder: Path) -> None:
    """Wheels of what is installed here for some requirements, and for theirs."""
    folder.mkdir(parents=True, exist_ok=True)
    wishes = (line.partition("#")[0].strip() for line in lines)
    waiting = [Requirement(wish) for wish in wishes if wish]
    packed: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in ("", *sorted(wanted.extras)):
            if (name, extra) in packed:
                continue
            packed.add((name, extra))
            found = distribution(name)
            if not extra:
                _pack(found, folder)
            for line in found.requires or ():
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)


def _pack(found: Distribution, folder: Path) -> None:
    """A wheel of an installed package, without the tests that it ships, which are a good part of the large ones."""
    name = re.sub(r"[-.]+", "_", found.metadata["Name"])
    known = set(map(str, sys_tags()))
    tag = next(
        line.partition(": ")[2]
        for line in (found.read_text("WHEEL") or "").splitlines()
        if line.startswith("Tag: ") and line.partition(": ")[2] in known
    )
    files = [
        (str(file), Path(str(found.locate_file(file))))
        for file in found.files or ()
        if ".." not in file.parts and "tests" not in file.parts and file.suffix != ".pyc"
    ]
    left_out = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    kept = [(inside, path) for inside, path in files if path.name not in left_out and path.is_file()]
    record = next(inside for inside, _ in files if inside.endswith(".dist-info/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for inside, path in kept:
            wheel.write(path, inside)
        wheel.writestr(record, "".join(f'"{inside}",,\n' for inside in (*(name for name, _ in kept), record)))
