"""Which packages are installed here, and which of them a model and its server need: names with their exact versions."""

import json
import sys
import zipfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from mltools.errors import DataError

LARGEST_SCHEMA = 64 << 20


def modules_of(model: Path) -> frozenset[str]:
    """The top-level modules that a skops file's types come from. Raises DataError for a file that is none."""
    try:
        with zipfile.ZipFile(model) as archive:
            if archive.getinfo("schema.json").file_size > LARGEST_SCHEMA:
                raise DataError(f"{model.name}: its description has more than {LARGEST_SCHEMA:,} bytes")
            tree = json.loads(archive.read("schema.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, RecursionError) as error:
        raise DataError(f"{model.name}: is no skops file: {error}") from error
    found: set[str] = set()
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            module = node.get("__module__")
            if isinstance(module, str):
                found.add(module.partition(".")[0])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return frozenset(found)


def distributions(modules: Iterable[str]) -> dict[str, str | None]:
    """The distribution that each module comes from, None where none is installed; Python's own are left out."""
    known = metadata.packages_distributions()
    return {
        module: known[module][0] if module in known else None
        for module in sorted(modules)
        if module not in sys.stdlib_module_names
    }


def closure(names: Iterable[str]) -> dict[str, str]:
    """These distributions and all that they need on this platform, with the versions that are installed here.

    Raises DataError naming one that is not installed.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - for deployments alone
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - as above

    found: dict[str, str] = {}
    waiting = sorted(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError as error:
            raise DataError(
                f"{name} is not installed here, and what serves the model needs it",
                hint="pip install 'mltools-gitops[serve]' and the project's requirements",
            ) from error
        found[str(name)] = distribution.version
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


def unmet(requirements: str, pins: Mapping[str, str]) -> tuple[str, ...]:
    """Which lines of a requirements file the pinned versions do not meet; options and addresses are passed over."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - as above
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - as above

    said = []
    for line in requirements.splitlines():
        text = line.partition(" #")[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        version = pins.get(canonicalize_name(requirement.name))
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            said.append(f"{requirement.name} {version} is installed here, and {text} is asked for")
    return tuple(said)
