"""How a job speaks to GitHub's runner: its summary page, outputs for later steps, annotations on its log."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from mltools.ci.fitting import byte_size, fit
from mltools.ci.provider import Annotation
from mltools.edges import files
from mltools.errors import UsageError

SUMMARY_LIMIT = 1 << 20  # bytes of one step's summary; GitHub drops the whole of a longer one


def summary(environ: Mapping[str, str], text: str) -> bool:
    """Append Markdown to the step's summary, cut so that all of it still fits. Raises MltoolsError if it cannot."""
    name = environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return False
    path = Path(name)
    left = SUMMARY_LIMIT - files.size(path) - 1
    files.append(path, fit(text, left, size=byte_size).rstrip("\n") + "\n")
    return True


def output(environ: Mapping[str, str], name: str, value: str) -> bool:
    """Set an output of the step, in the form that no value can break out of. Raises MltoolsError if it cannot."""
    path = environ.get("GITHUB_OUTPUT")
    if not path:
        return False
    if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise UsageError(f"{name!r} cannot be the name of an output")
    if "\n" in value or "\r" in value:
        raise UsageError(f"the output {name!r} has more than one line")
    end = f"end-{secrets.token_hex(16)}"
    files.append(Path(path), f"{name}<<{end}\n{value}\n{end}\n")
    return True


def annotate(annotation: Annotation) -> str:
    """The line that the runner turns into an annotation; foreign text cannot end it or start another command."""
    where = {
        "title": annotation.title,
        "file": annotation.file,
        "line": str(annotation.line) if annotation.file and annotation.line else None,
    }
    properties = ",".join(f"{key}={_property(value)}" for key, value in where.items() if value)
    return f"::{annotation.level} {properties}::{_data(annotation.text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
