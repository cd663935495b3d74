"""Pictures in a bucket of the project's own, written by DVC's file systems with the settings of its DVC remote.

Readers are sent to `report.images_at`, without signing in: what a forge shows is fetched by the forge's own servers.
"""

import tempfile
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mltools.edges import files
from mltools.pictures.backend import Place

if TYPE_CHECKING:
    from mltools.edges.git.write import Writer

# Seconds for all of a run's pictures together.
PATIENCE = 30.0


def put(
    pictures: Mapping[str, bytes],
    place: Place,
    writer: "Writer",  # noqa: ARG001
    *,
    when: datetime,  # noqa: ARG001
) -> int:
    from mltools.edges import dvcfs  # noqa: PLC0415 - loads DVC, which only this call needs

    target = place.project.config.report.images_to
    if target is None or not pictures:
        return 0
    with tempfile.TemporaryDirectory(prefix="mltools-pictures-") as directory:
        named = {f"{digest}.png": Path(directory) / f"{digest}.png" for digest in pictures}
        for digest, content in pictures.items():
            files.write_atomic(named[f"{digest}.png"], content)
        dvcfs.opened(target, place.project.dvc_dir).put(named)
    return len(pictures)


def addresses(wanted: Collection[str], place: Place) -> dict[str, str]:
    """Those that can be seen where their readers look for them."""
    from mltools.edges.rest import Client  # noqa: PLC0415 - loads requests, which only this call needs

    base = place.project.config.report.images_at
    if base is None or not wanted:
        return {}
    shown = Client(base.rstrip("/"), seconds=PATIENCE)
    return {digest: f"{shown.base}/{digest}.png" for digest in wanted if shown.has(f"{digest}.png")}
