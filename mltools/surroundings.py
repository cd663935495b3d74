"""What a report shows beside its record: earlier runs of the base branch, the base's plots, where its pictures are.

A report is no gate: what cannot be had for it is warned of and left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mltools import journal, pictures
from mltools.core.records import Record
from mltools.core.report.around import Around, Past
from mltools.edges.git.read import Repository
from mltools.errors import MltoolsError
from mltools.pictures import Hosts, Place
from mltools.project import Project

if TYPE_CHECKING:  # it loads GitPython, which reading has no use for
    from mltools.edges.git.write import Writer

MOST_RUNS = 20
Warn = Callable[[str], None]


def around(project: Project, record: Record) -> Around:
    """What the journal and the project's configuration add to a record's report, but for its pictures."""
    runs = list(journal.bases(project.repository, record, MOST_RUNS))
    return Around(
        history=tuple(_past(run) for run in reversed(runs)),
        base_plots=runs[0].plots if runs else (),
        sections=project.config.report.sections,
    )


def known(project: Project, record: Record, warn: Warn) -> Around:
    """The same, without the history where that cannot be had."""
    try:
        return around(project, record)
    except MltoolsError as error:
        warn(f"the report goes without its history: {error.message}")
        return Around(sections=project.config.report.sections)


def posted(project: Project, record: Record, hosts: Hosts, warn: Warn) -> Around:
    """What a posted report shows: all that is known, and where its pictures are."""
    found = known(project, record, warn)
    backend = pictures.BACKENDS[project.config.report.images]
    wanted = {image.sha256: None for image in record.images}
    try:
        return replace(found, images=backend.addresses(wanted, Place(project, hosts, record.time)))
    except MltoolsError as error:
        warn(f"the report goes without its pictures: {error.message}")
        return found


def put_images(
    place: Place, held: Mapping[str, bytes], writer: "Writer", warn: Warn, *, when: datetime
) -> int:
    """Put a run's pictures where mltools.yaml says; how many are there now, none where they cannot be put."""
    backend = pictures.BACKENDS[place.project.config.report.images]
    try:
        return backend.put(held, place, writer, when=when)
    except MltoolsError as error:
        warn(f"the run's pictures are not kept: {error.message}")
        return 0


def past(repository: Repository, record: Record) -> tuple[Past, ...]:
    """The runs that a record's bases lead back to, the oldest first."""
    return tuple(_past(run) for run in reversed(list(journal.bases(repository, record, MOST_RUNS))))


def _past(run: Record) -> Past:
    return Past(run.id, run.commit, run.time, run.verdict, run.metrics)
