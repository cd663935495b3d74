"""Pictures as files of a forge release, one for each month, since a release holds a thousand files at most.

The release is no version of a model: it is marked as a pre-release, and its tag is none of the registry's.
"""

import tempfile
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mltools.edges import files
from mltools.errors import ProviderError
from mltools.pictures.backend import Place

if TYPE_CHECKING:
    from mltools.ci.provider import Forge, Release
    from mltools.edges.git.write import Writer

NOTES = "Pictures that the reports of pull requests show. Written by mltools; old comments lose theirs if this is deleted."


def put(
    pictures: Mapping[str, bytes],
    place: Place,
    writer: "Writer",  # noqa: ARG001
    *,
    when: datetime,  # noqa: ARG001
) -> int:
    if not pictures:
        return 0
    forge = place.hosts.connect()
    if forge is None:
        raise ProviderError(
            "report.images: release needs a forge and a token that may write",
            hint="in CI both are there; elsewhere set GITHUB_TOKEN and GITHUB_REPOSITORY",
        )
    release = _published(forge, tag(place))
    with tempfile.TemporaryDirectory(prefix="mltools-pictures-") as directory:
        for digest, content in pictures.items():
            path = Path(directory) / f"{digest}.png"
            files.write_atomic(path, content)
            forge.upload_asset(release, path.name, path)
    return len(pictures)


def addresses(wanted: Collection[str], place: Place) -> dict[str, str]:
    forge = place.hosts.connect() if wanted else None
    release = None if forge is None else forge.release(tag(place))
    if release is None or release.draft:
        return {}
    there = {asset.name: asset.url for asset in release.assets if asset.complete and asset.url}
    return {digest: there[name] for digest in wanted if (name := f"{digest}.png") in there}


def tag(place: Place) -> str:
    """The tag of the release that holds the pictures of a run: that of its month."""
    return f"mltools-images-{place.recorded[:7]}"


def _published(forge: "Forge", name: str) -> "Release":
    """The release, out of its draft; of two jobs that make it at once the one that comes second takes the other's."""
    draft = forge.draft_release(name, name=f"Pictures of reports, {name[-7:]}", notes=NOTES, prerelease=True)
    if not draft.draft:
        return draft
    try:
        return forge.publish_release(draft, latest=False)
    except ProviderError:
        other = forge.release(name)
        if other is None or other.draft:
            raise
        return other
