"""What a report shows beside its record: earlier runs of the base branch, the base's plots, where its pictures are."""

from mltools import journal, pictures
from mltools.core.records import Record
from mltools.core.report.around import Around, Past
from mltools.edges.git.read import Repository
from mltools.pictures import Hosts, Place
from mltools.project import Project

MOST_RUNS = 20


def around(project: Project, record: Record) -> Around:
    """What the journal and the project's configuration add to a record's report, but for its pictures."""
    runs = list(journal.bases(project.repository, record, MOST_RUNS))
    return Around(
        history=tuple(_past(run) for run in reversed(runs)),
        base_plots=runs[0].plots if runs else (),
        sections=project.config.report.sections,
    )


def images(project: Project, record: Record, hosts: Hosts) -> dict[str, str]:
    """Where the pictures are, by their hash, that a posted report shows. Raises MltoolsError when that cannot be told."""
    backend = pictures.BACKENDS[project.config.report.images]
    wanted = {image.sha256: None for image in record.images}
    return backend.addresses(wanted, Place(project, hosts, record.time))


def past(repository: Repository, record: Record) -> tuple[Past, ...]:
    """The runs that a record's bases lead back to, the oldest first."""
    return tuple(_past(run) for run in reversed(list(journal.bases(repository, record, MOST_RUNS))))


def _past(run: Record) -> Past:
    return Past(run.id, run.commit, run.time, run.verdict, run.metrics)
