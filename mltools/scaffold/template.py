"""A project template: a folder of files with a manifest, and the files that a project made from it begins with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field

from mltools.core.config import RelativePath
from mltools.core.strict import Section, parse_model
from mltools.edges import documents, templates
from mltools.edges.templates import RenderedFile
from mltools.errors import UsageError


class Manifest(Section):
    """template.yaml of a project template."""

    description: Annotated[str, Field(min_length=1, description="what `mltools init` says of it")]
    base: Annotated[RelativePath | None, Field(description="folder whose files come first")] = None
    data: Annotated[tuple[RelativePath, ...], Field(description="files that DVC tracks")] = ()
    values: Annotated[dict[str, Any], Field(description="what the files may use")] = Field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Template:
    """A template by its name, with what its manifest says."""

    name: str
    manifest: Manifest

    @property
    def folders(self) -> tuple[str, ...]:
        """Where its files are; a later folder's file takes the place of an earlier one's."""
        names = (self.manifest.base, self.name) if self.manifest.base else (self.name,)
        return tuple(f"{templates.PROJECTS}/{name}" for name in names)


def load(name: str) -> Template:
    """The template of that name. Raises UsageError with the nearest when there is none."""
    known = templates.projects()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(f"no template {name!r}", hint=f"{meant}There are: {', '.join(known)}")
    shown = f"templates/{templates.PROJECTS}/{name}/{templates.MANIFEST}"
    text = templates.render(
        f"{templates.PROJECTS}/{name}/{templates.MANIFEST}{templates.SUFFIX}", {}
    ).encode()
    tree = documents.read_yaml(text, shown)
    return Template(name, parse_model(Manifest, tree, shown, documents.locator(text, shown)))


def files(
    template: Template, *, name: str, ci: Mapping[str, Any] | None, values: Mapping[str, Any] | None = None
) -> tuple[RenderedFile, ...]:
    """The files of a project called `name`, and a pointer of DVC's for each data file; `values` overrides the manifest's."""
    given = {**template.manifest.values, **(values or {}), "name": name, "ci": ci}
    rendered = {
        file.path: file for folder in template.folders for file in templates.render_tree(folder, given)
    }
    del rendered[templates.MANIFEST]
    pointers = {f"{path}.dvc": pointer(rendered[path]) for path in template.manifest.data}
    return tuple(file for _, file in sorted({**rendered, **pointers}.items()))


def pointer(file: RenderedFile) -> RenderedFile:
    """`FILE.dvc`, as `dvc add FILE` writes it."""
    out = {
        "md5": hashlib.md5(file.content, usedforsecurity=False).hexdigest(),
        "size": len(file.content),
        "hash": "md5",
        "path": PurePosixPath(file.path).name,
    }
    return RenderedFile(f"{file.path}.dvc", documents.write_yaml({"outs": [out]}).encode())
