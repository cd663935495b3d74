"""The part of a deployment that is no text of ours: the model with its contract, the server's code, exact versions."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mltools.edges import documents, files, pins
from mltools.errors import ConfigError, DataError, StoreError
from mltools.models.finding import Place, Released
from mltools.project import config_from
from mltools.server.places import PLAN, VERSION_FILE
from mltools.serving.handing import hand, version_directory
from mltools.serving.plans import Wanted

if TYPE_CHECKING:
    from mltools.server.models import Loaded

SERVER = ("fastapi", "uvicorn", "skops", "pandas", "numpy", "scikit-learn")
MODELS = "models"


def python_version() -> str:
    """The Python that the versions belong to."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def pack(place: Place, found: Released, whole: Path) -> dict[str, str]:
    """Write `models/` and `server/`; the packages that they need, with their versions.

    Raises StoreError for a model that cannot be loaded or tried, DataError where what it needs is not installed here.
    """
    name = found.record.model
    hand(place, found, whole / MODELS, model=name)
    directory = version_directory(whole / MODELS, name, found.version.version)
    described = directory / VERSION_FILE
    info: dict[str, Any] = documents.read_json(files.read_bytes(described), VERSION_FILE)
    loaded = _loaded(whole / MODELS, info, found)
    if info["smoke"] and "expected" not in info:
        clean, _, _ = loaded.contract.check(info["smoke"])
        info["expected"] = loaded.predict(clean).predictions
        files.write_atomic(described, documents.write_json(info))
    plan = Wanted(info["model"], info["version"]).as_json(1)
    files.write_atomic(whole / MODELS / PLAN, documents.write_json(plan))
    _copy_server(whole / "server")
    found_pins = _pins(directory / str(info["file"]))
    _check_requirements(place, found, found_pins)
    return found_pins


def _loaded(directory: Path, info: dict[str, Any], found: Released) -> "Loaded":
    from mltools.server.files import ServerError  # noqa: PLC0415 - the model's libraries load for a second
    from mltools.server.models import load  # noqa: PLC0415 - as above

    try:
        return load(directory, info["model"], info["version"])
    except ServerError as error:
        raise StoreError(
            f"{found.tag}: {error}", hint="render where the project's requirements are installed"
        ) from error


def _copy_server(target: Path) -> None:
    """The server's code as it is here."""
    import mltools.server  # noqa: PLC0415 - for its place alone

    source = Path(mltools.server.__file__).parent
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _pins(model: Path) -> dict[str, str]:
    needed = pins.distributions(pins.modules_of(model))
    absent = [module for module, name in needed.items() if name is None]
    if absent:
        raise DataError(
            f"{model.name}: is made of types from {', '.join(absent)}, which no installed package brings",
            hint="what serves a model must be installable: publish that code as a package",
        )
    return pins.closure((*SERVER, *(name for name in needed.values() if name is not None)))


def _check_requirements(place: Place, found: Released, there: dict[str, str]) -> None:
    """Raises DataError where the project asks for other versions than those with which the model was tried."""
    path = _requirements(place, found)
    content = None if path is None else place.repository.read(found.version.commit, f"{found.prefix}{path}")
    if content is None:
        return
    said = pins.unmet(content.decode("utf-8", "replace"), there)
    if said:
        raise DataError(
            f"{found.tag}: the environment here is not that of {path}: {'; '.join(said[:3])}",
            hint=f"render in an environment with `pip install -r {path}`",
        )


def _requirements(place: Place, found: Released) -> str | None:
    """The requirements file that the project names, by default requirements.txt."""
    content = place.repository.read(found.version.commit, f"{found.prefix}mltools.yaml")
    try:
        config = None if content is None else config_from(content, "mltools.yaml")
    except ConfigError:
        config = None
    return "requirements.txt" if config is None or config.ci is None else config.ci.requirements
