"""What all steps of one release work with."""

from dataclasses import dataclass
from pathlib import Path

from mltools.edges.git.write import Writer
from mltools.modelfiles import Shelf
from mltools.project import Project
from mltools.releasing.material import Material


@dataclass(frozen=True, slots=True)
class Desk:
    """A run to be released, and where to: `remote` is None in a repository without one."""

    project: Project
    material: Material
    writer: Writer
    remote: str | None
    shelf: Shelf
    scratch: Path
