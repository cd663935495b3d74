"""What a report shows beside its record: earlier runs of the base branch, the base's plots, where its pictures are."""

from mltools import journal, pictures
from mltools.core.config import Report
from mltools.core.records import Record
from mltools.core.report.around import Around, Past
from mltools.edges.git.read import Repository
from mltools.pictures import Place
from mltools.pictures.backend import Address

MOST_RUNS = 20


def around(
    repository: Repository, record: Record, wanted: Report, *, address: Address | None = None
) -> Around:
    """What the journal and the project's configuration add to a record's report.

    `address` is the forge's, for the pictures of a report that is posted there; without it they are not shown.
    """
    images = {image.sha256: None for image in record.images}
    backend = pictures.BACKENDS[wanted.images]
    runs = list(journal.bases(repository, record, MOST_RUNS))
    return Around(
        history=tuple(_past(run) for run in reversed(runs)),
        base_plots=runs[0].plots if runs else (),
        images={} if address is None else backend.addresses(images, Place(repository, address)),
        sections=wanted.sections,
    )


def _past(run: Record) -> Past:
    return Past(run.id, run.commit, run.time, run.verdict, run.metrics)
