"""Where pictures that the pipeline made are put, so that a comment can show them. A new backend is a module and a line.

A comment can hold no picture, only the address of one. By default nothing is put anywhere; nothing ever goes to a third
party that mltools.yaml does not name.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from mltools.core.plots import MOST_IMAGES, Image
from mltools.core.png import png_size
from mltools.edges import files
from mltools.errors import DataError
from mltools.pictures import none, ref, release, s3
from mltools.pictures.backend import Backend, Hosts, Place

__all__ = ["BACKENDS", "FOLDER", "MOST_BYTES", "Backend", "Hosts", "Place", "read", "write"]

BACKENDS: Mapping[str, Backend] = {"none": none, "ref": ref, "release": release, "s3": s3}

FOLDER, SUFFIX = "images", ".png"
MOST_BYTES = 5 << 20  # of all pictures of a run


def write(pictures: Mapping[str, bytes], directory: Path) -> None:
    """Put a run's pictures, by their hashes, into the directory that the run is handed over in."""
    for digest, content in pictures.items():
        files.write_atomic(directory / FOLDER / f"{digest}{SUFFIX}", content)


def read(found: Mapping[str, Path], wanted: tuple[Image, ...], directory: Path) -> dict[str, bytes]:
    """The pictures in such a directory, `found` by their names there: plain PNGs that the record names, no others.

    Raises DataError for anything else.
    """
    known = {f"{FOLDER}/{image.sha256}{SUFFIX}": image for image in wanted}
    total = sum(files.size(path) for path in found.values())
    if total > MOST_BYTES or len(found) > MOST_IMAGES:
        raise DataError(f"{directory}: the pictures have {total:,} bytes; a run's may have {MOST_BYTES:,}")
    held = {}
    for name, path in found.items():
        image = known.get(name)
        content = files.read_bytes(path)
        if image is None or hashlib.sha256(content).hexdigest() != image.sha256:
            raise DataError(f"{directory}: {name!r} is no picture that the record names")
        try:
            size = png_size(content)
        except ValueError as error:
            raise DataError(f"{directory}: {name!r} is no PNG: {error}") from error
        if size != (image.width, image.height):
            raise DataError(f"{directory}: {name!r} has another size than the record says")
        held[image.sha256] = content
    return held
