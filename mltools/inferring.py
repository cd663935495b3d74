"""A contract for a data set: inferred, merged with what a person made of the last one, written beside what was inferred.

What was inferred is remembered in Git, in `.inferred/` beside the contract, so that the next inference can tell a
person's edits from its own rules on any clone.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from mltools import locating
from mltools.core.config import FILE, DataSource
from mltools.core.contract import Contract, parse_contract
from mltools.core.contract_merge import Edit, Merge, merge
from mltools.core.dataformats import kind_of
from mltools.core.inference import Inferred, infer_contract
from mltools.core.names import shown, title
from mltools.core.observed import Observed
from mltools.core.urls import file_name, is_url
from mltools.edges import contractedit, contracttext, documents, files
from mltools.edges.tables.observing import observe
from mltools.edges.yamledit import Append, Document
from mltools.edges.yamltext import flow, scalar
from mltools.errors import ConfigError, DataError, UsageError
from mltools.locating import Progress
from mltools.project import Project, config_from

FOLDER = "schemas"
REMEMBERED = ".inferred"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NOTE = """\
# What `mltools data infer` inferred last for {contract}, to tell a person's edits in that file from its own rules.
# Commit it with the contract, and edit the contract alone.
"""


@dataclass(frozen=True, slots=True)
class Target:
    """The data, as messages call them and where they are read; the contract, relative to `root`."""

    data: str
    place: Path
    root: Path
    contract: str
    listed: bool

    @property
    def remembered(self) -> str:
        """Where the last inference is kept."""
        path = PurePosixPath(self.contract)
        return str(path.parent / REMEMBERED / path.name)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The files as they would be; `merged` is what became of a contract that was there before."""

    target: Target
    rows: int
    inferred: Inferred
    text: bytes
    remembered: bytes
    before: bytes | None = None
    merged: Merge | None = None

    @property
    def changed(self) -> bool:
        return self.text != self.before


def target(
    project: Project, directory: Path, path: str, *, output: Path | None = None, name: str | None = None
) -> Target:
    """Where the data at `path`, as seen from `directory`, and their contract lie.

    Raises UsageError for a contract outside the project, or one that is no .yaml file.
    """
    source = _listed(project, directory, path)
    place = project.root / source.path if source and not is_url(path) else directory / path
    data = source.path if source else _called(project.root, directory, path)
    if output is not None:
        contract = _inside(project.root, directory / output, output)
    elif name is not None:
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{shown(name)!r} is no name for a contract", hint="use letters, digits, `.`, `_` and `-`"
            )
        contract = f"{FOLDER}/{name}.yaml"
    else:
        contract = source.contract if source else f"{FOLDER}/{_stem(path)}.yaml"
    return Target(data, place, project.root, contract, listed=source is not None)


def propose(project: Project, where: Target, progress: Progress | None = None) -> Proposal:
    """The contract as the data and a person's edits have it; nothing is written.

    Raises DataError for data that cannot be read or hold no rows, ConfigError for a contract that is there and wrong.
    """
    before = _read(where, where.contract)
    mine = None if before is None else _contract(before, where.contract)
    known = _read(where, where.remembered)
    base = None if known is None else _contract(known, where.remembered)
    gaps = None
    if mine is not None and (base is None or mine.missing_values != base.missing_values):
        gaps = mine.missing_values
    place = where.place
    if is_url(where.data):
        place = locating.bring(project, locating.find(project, where.data), progress)
    observed = observe(place, where.data, missing=gaps, progress=progress)
    if not observed.rows:
        raise DataError(f"{where.data}: holds no rows, so there is nothing to infer from")
    inferred = infer_contract(observed)
    fresh = contracttext.contract_text(inferred, _head(where, observed, inferred))
    remembered = NOTE.format(contract=where.contract) + "\n" + fresh
    if before is None or mine is None:
        _contract(fresh.encode(), where.contract)
        return Proposal(where, observed.rows, inferred, fresh.encode(), remembered.encode())
    merged = merge(base, mine, inferred, observed)
    text = contractedit.edited(
        before, merged, inferred, name=where.contract, fresh=fresh.encode(), known=known
    )
    if _contract(text, where.contract) != merged.contract:
        changes = "\n".join(sentence(edit) for edit in merged.edits)
        raise ConfigError(
            f"{where.contract}: cannot be edited in place; perhaps its values are shared by YAML anchors",
            hint=f"change by hand:\n{changes}",
        )
    return Proposal(where, observed.rows, inferred, text, remembered.encode(), before, merged)


def write(proposal: Proposal) -> None:
    """Write the contract, then what was inferred.

    A kill between the two leaves a contract that is newer than what is remembered: the same inference again then finds
    nothing to change. The other way round, the rules of the old contract would be taken for a person's, for ever.
    """
    wanted = {
        proposal.target.contract: proposal.text,
        proposal.target.remembered: proposal.remembered,
    }
    # What is so already is left alone: its time of change would make pipelines look stale.
    files.write_together(
        {
            proposal.target.root / name: content
            for name, content in wanted.items()
            if _read(proposal.target, name) != content
        }
    )


def entry(where: Target) -> dict[str, str]:
    """The data set as mltools.yaml lists it."""
    return {"path": where.data, "schema": where.contract}


def listable(where: Target) -> bool:
    """Whether mltools.yaml may list the data: an address, or a path inside the project."""
    try:
        DataSource.model_validate(entry(where))
    except ValidationError:
        return False
    return True


def add(where: Target) -> None:
    """List the data set, which is `listable`, in mltools.yaml; the rest of the file stays as it is. Raises ConfigError."""
    path = where.root / FILE
    content = files.read_bytes(path)
    item = {key: scalar(value) for key, value in entry(where).items()}
    new = Document(content, FILE).edited([Append(("data",), item)])
    data = config_from(new, FILE).data
    if [source.path for source in data].count(where.data) != 1:
        raise ConfigError(f"{FILE}: cannot be edited in place", hint="add the data set by hand")
    files.write_atomic(path, new)


def sentence(edit: Edit) -> str:
    """What changes, in a line."""
    what = f"column {title(edit.path[1])}" if edit.path[0] == "columns" else ""
    if edit.path[0] == "columns" and len(edit.path) == 2:  # noqa: PLR2004 - a whole column
        return (
            f"{what} was added: {flow(edit.new)}"
            if edit.new
            else f"{what} was removed: it is gone from the data"
        )
    rule = edit.path[-1] if what else ".".join(edit.path)
    what = f"{what}: " if what else ""
    if edit.new is None:
        return f"{what}{rule} {_short(edit.old)} was dropped"
    return f"{what}{rule} is {_short(edit.new)}, was {'none' if edit.old is None else _short(edit.old)}"


def _short(value: object) -> str:
    return shown(flow(value), 100)


def _listed(project: Project, directory: Path, path: str) -> DataSource | None:
    """The entry of mltools.yaml for a path, which is seen from the directory, or written as it stands there."""
    sources = project.config.data
    if is_url(path):
        return next((source for source in sources if source.path == path), None)
    for place in (directory / path, project.root / path):
        for source in sources:
            if not is_url(source.path) and (project.root / source.path).resolve() == place.resolve():
                return source
    return None


def _called(root: Path, directory: Path, path: str) -> str:
    place = (directory / path).resolve()
    top = root.resolve()
    if is_url(path) or not place.is_relative_to(top):
        return path
    return place.relative_to(top).as_posix()


def _inside(root: Path, place: Path, given: Path) -> str:
    top, whole = root.resolve(), place.resolve()
    if not whole.is_relative_to(top):
        raise UsageError(
            f"{given} lies outside the project {root}", hint=f"contracts lie in it, such as {FOLDER}/raw.yaml"
        )
    if whole.suffix not in {".yaml", ".yml"} or whole.is_dir():
        raise UsageError(f"{given} is no .yaml file", hint=f"such as {FOLDER}/raw.yaml")
    return whole.relative_to(top).as_posix()


def _stem(path: str) -> str:
    """What to call a contract by its data: `raw` for `data/raw.csv.gz`, and for a directory `raw`."""
    name = file_name(path) if is_url(path) else Path(path).resolve().name
    if kind_of(name) is not None:
        name = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE).rpartition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "data"


def _read(where: Target, name: str) -> bytes | None:
    path = where.root / name
    return files.read_bytes(path) if path.exists() else None


def _contract(content: bytes, name: str) -> Contract:
    return parse_contract(documents.read_yaml(content, name), name, documents.locator(content, name))


def _head(where: Target, observed: Observed, inferred: Inferred) -> Sequence[str]:
    count = f"{observed.rows:,} row{'s' * (observed.rows != 1)}"
    command = f"mltools data infer {shlex.quote(where.data)}"
    if not where.listed and where.contract != f"{FOLDER}/{_stem(where.data)}.yaml":
        command += f" --output {shlex.quote(where.contract)}"
    return (
        f"Inferred from {where.data} ({count}); inferred again by `{command}`, which keeps your edits.",
        "Bounds lie beyond what was seen, so that a next batch keeps them; what was seen stands behind each column.",
        *inferred.notes,
    )
