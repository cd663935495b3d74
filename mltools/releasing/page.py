"""The forge's page of a version: a draft, then its files, then published, so that nobody ever sees half of it.

Each step can be taken again: what is there already is left as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mltools import ci, datastore
from mltools.ci.provider import Forge
from mltools.core.card_policy import FILE as CARD_FILE
from mltools.core.metrics import Scalar
from mltools.core.release_notes import release_notes
from mltools.core.release_record import FILE, ReleaseRecord, release_json
from mltools.core.tags import version_tag
from mltools.edges import files
from mltools.modelfiles import Shelf
from mltools.project import Project

__all__ = ["CARD_FILE", "Page", "attachment", "clone_url", "connect", "show", "steps"]

NOT_ALLOWED = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True)
class Page:
    """What the forge shows of a version. `model` is a file to attach, None for one that cannot be.

    `texts` are further files to attach, by name; the release record is the last to come.
    """

    record: ReleaseRecord
    before: Mapping[str, Scalar]
    model: Path | None
    latest: bool
    texts: Mapping[str, str]
    url: str | None = None

    @property
    def tag(self) -> str:
        return version_tag(self.record.model, self.record.version)

    @property
    def notes(self) -> str:
        return release_notes(self.record, self.before, url=self.url)

    @property
    def assets(self) -> tuple[str, ...]:
        # A name that the forge will not change, so that it is found again.
        name = re.sub(r"[^A-Za-z0-9._-]", "-", self.record.file.path.rpartition("/")[2])
        name = f"model-{name}" if name in {*self.texts, FILE} else name
        named = (name,) if self.model is not None else ()
        return (*named, *self.texts, FILE)


def connect(environ: Mapping[str, str]) -> Forge | None:
    """The forge that the environment names, in its own workflow or by hand; None without a token or a repository."""
    forges = (provider.connect(environ) for provider in ci.PROVIDERS.values())
    return next((forge for forge in forges if forge is not None), None)


def clone_url(project: Project, remote: str | None) -> str | None:
    """Where `dvc get` finds the project from outside; None where no DVC remote has the model.

    What is no address for everybody, or holds a login, is not shown to everybody.
    """
    if not datastore.has_dvc_remote(project):
        return None
    url = project.repository.config(f"remote.{remote}.url") if remote is not None else None
    plain = url is not None and re.fullmatch(r"(https://[^@\s]+|(ssh://)?git@[^@\s]+)", url)
    return url if plain else "REPOSITORY"


def attachment(record: ReleaseRecord, shelf: Shelf) -> Path | None:
    """The model as a file to attach; a directory is none."""
    return None if record.file.is_dir else shelf.find(record.file.md5)


def show(forge: Forge, page: Page, scratch: Path) -> str:
    """Put the page up, or complete it; its address. Raises ProviderError."""
    tag = page.tag
    release = forge.draft_release(
        tag,
        name=f"{page.record.model} {page.record.version}",
        notes=page.notes,
        prerelease="-" in page.record.version,
    )
    there = {asset.name for asset in release.assets if asset.complete}
    if not release.draft and there.issuperset(page.assets):
        return release.url
    sources = [] if page.model is None else [page.model]
    for name, text in (*page.texts.items(), (FILE, release_json(page.record))):
        files.write_atomic(scratch / "page" / name, text)
        sources.append(scratch / "page" / name)
    for name, source in zip(page.assets, sources, strict=True):
        if release.draft or name not in there:
            forge.upload_asset(release, name, source)
    return forge.publish_release(release, latest=page.latest).url if release.draft else release.url


def steps(forge: Forge, page: Page) -> tuple[str, ...]:
    """What `show` would do, in words."""
    where = f"release {page.tag} of {forge.repository}"
    return (
        f"forge   {where}: made as a draft",
        *(f"forge   {where}: upload {name}" for name in page.assets),
        f"forge   {where}: published",
    )
