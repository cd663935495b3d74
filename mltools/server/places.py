"""Where things lie in a models directory: what whoever fills it and the service agree upon."""

from pathlib import Path

PLAN, STATE, AGENT = "plan.json", "state.json", "agent.json"
VERSION_FILE = "version.json"


def version_directory(models: Path, name: str, version: str) -> Path:
    """Where a version lies. A model's name may hold a directory; one step of a path holds it all."""
    return models / "versions" / name.replace("/", "%2F").replace(":", "%3A") / version
