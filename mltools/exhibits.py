"""What the pipeline left to be looked at: plots, pictures and the project's own sections, as a record keeps them.

A report is no gate: what cannot be shown is said, and the run goes on.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from mltools.core.markdown import clean
from mltools.core.plots import MOST_EXTRAS, MOST_IMAGES, MOST_PLOTS, Extra, Image, Plot
from mltools.core.plotting import Unsuited, plot_of
from mltools.core.png import png_size
from mltools.core.stages import PlotSpec
from mltools.edges import files, plotfiles
from mltools.errors import DataError
from mltools.project import Project

MOST_BYTES = 2 << 20  # of one picture
MOST_TOGETHER = 5 << 20
MOST_INSIDE = 100  # files of a directory that is declared as a plot
LONGEST = 20_000
PICTURE = ".png"


@dataclass(frozen=True, slots=True)
class Exhibits:
    """The parts of a record, and what could not become one: each with its reason."""

    plots: tuple[Plot, ...] = ()
    images: tuple[Image, ...] = ()
    extras: tuple[Extra, ...] = ()
    problems: tuple[str, ...] = ()


def collect(project: Project) -> Exhibits:
    """What the working tree holds of it, after the pipeline ran."""
    found: list[Plot | Image | Extra | str] = []
    for spec in project.pipeline.drawn:
        found.extend(_shown(project, spec))
    found.extend(_extras(project))
    images = {part.sha256: part for part in found if isinstance(part, Image)}
    return Exhibits(
        plots=tuple(part for part in found if not isinstance(part, Image | Extra | str))[:MOST_PLOTS],
        images=tuple(images.values())[:MOST_IMAGES],
        extras=tuple(part for part in found if isinstance(part, Extra))[:MOST_EXTRAS],
        problems=tuple(part for part in found if isinstance(part, str)),
    )


def pictures(root: Path, images: Sequence[Image]) -> dict[str, bytes]:
    """The bytes of a record's pictures by their hash, of those that lie in the project as they were."""
    found: dict[str, bytes] = {}
    left = MOST_TOGETHER
    for image in images:
        place = _inside(root, image.path)
        if place is None or files.size(place) != image.size or image.size > left:
            continue
        content = files.read_bytes(place)
        if hashlib.sha256(content).hexdigest() == image.sha256:
            found[image.sha256] = content
            left -= len(content)
    return found


def _shown(project: Project, spec: PlotSpec) -> Iterator[Plot | Image | str]:
    if len(spec.files) == 1 and (project.root / spec.path).is_dir():
        inside = sorted(place for place in (project.root / spec.path).rglob("*") if place.is_file())
        for place in islice(inside, MOST_INSIDE):
            name = place.relative_to(project.root).as_posix()
            yield from _shown(
                project, PlotSpec(((name, spec.files[0][1]),), x=spec.x, template=spec.template)
            )
        return
    try:
        if PurePosixPath(spec.path).suffix.lower() == PICTURE:
            yield from _image(project, spec)
        else:
            yield from _plot(project, spec)
    except (DataError, ValueError) as error:
        yield f"{clean(spec.path)} is not shown: {getattr(error, 'message', error)}"


def _plot(project: Project, spec: PlotSpec) -> Iterator[Plot | str]:
    places = {path: _inside(project.root, path) for path, _ in spec.files}
    tables = {
        path: plotfiles.rows_from(_bounded(place, plotfiles.MOST_BYTES), path)
        for path, place in places.items()
        if place is not None and PurePosixPath(path).suffix.lower() in plotfiles.SUFFIXES
    }
    if not tables:  # not there, or of a kind that only other tools draw
        return
    plot = plot_of(spec, tables)
    yield f"{clean(spec.path)} is not shown: {plot.reason}" if isinstance(plot, Unsuited) else plot


def _image(project: Project, spec: PlotSpec) -> Iterator[Image]:
    place = _inside(project.root, spec.path)
    if place is None:
        return
    content = _bounded(place, MOST_BYTES)
    width, height = png_size(content)
    digest = hashlib.sha256(content).hexdigest()
    yield Image(
        path=spec.path, title=spec.title, sha256=digest, size=len(content), width=width, height=height
    )


def _extras(project: Project) -> Iterator[Extra | str]:
    for wanted in project.config.report.extra:
        place = _inside(project.root, wanted.file)
        if place is None:
            yield f"the section {wanted.title!r} is not shown: there is no file {wanted.file}"
            continue
        try:
            text = files.read_bytes(place).decode("utf-8-sig")
        except (DataError, UnicodeDecodeError):
            yield f"the section {wanted.title!r} is not shown: {wanted.file} is no text in UTF-8"
            continue
        if len(text) > LONGEST:
            yield (
                f"the section {wanted.title!r} is not shown: {wanted.file} has {len(text):,} characters; "
                f"{LONGEST:,} are the most"
            )
            continue
        yield Extra(title=wanted.title, text=text)


def _inside(root: Path, path: str) -> Path | None:
    """A file of the project by its path; None when there is none, or it is elsewhere in truth."""
    place = root / path
    try:
        real = place.resolve()
    except OSError:
        return None
    return place if real.is_file() and real.is_relative_to(root.resolve()) else None


def _bounded(place: Path, most: int) -> bytes:
    size = files.size(place)
    if size > most:
        raise DataError(f"it has {size:,} bytes; {most:,} are the most")
    return files.read_bytes(place)
