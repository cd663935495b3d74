"""Versions in a models directory that nobody serves any more: all but the newest are taken away.

The newest are those that were handed over last, so that the way back lies there and needs no network.
"""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from mltools.serving import plans
from mltools.serving.handing import SCRATCH, version_directory

KEPT = 5


def clear(directory: Path, *, kept: int = KEPT) -> tuple[str, ...]:
    """Take away the model's versions but those that `plan.json` or `state.json` names and the newest `kept` others.

    To be called once the service has followed the plan: it loads nothing then. What cannot be taken away stays. Answers
    what has gone.
    """
    model, named = plans.named(directory)
    if model is None:
        return ()
    versions = version_directory(directory, model, "any").parent
    with suppress(OSError):
        others = [
            path
            for path in versions.iterdir()
            if path.is_dir() and not path.name.startswith(".") and path.name not in named
        ]
        others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        return tuple(path.name for path in others[kept:] if _taken_away(path))
    return ()


def _taken_away(path: Path) -> bool:
    """Whether a version went, in one step for whoever looks."""
    try:
        scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=SCRATCH))
        try:
            path.replace(scratch / path.name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError:
        return False
    return True
