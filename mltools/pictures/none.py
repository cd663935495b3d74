"""Pictures are put nowhere: comments go without, the HTML page of the run holds them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from mltools.pictures.backend import Place

if TYPE_CHECKING:
    from mltools.edges.git.write import Writer


def put(
    pictures: Mapping[str, bytes],  # noqa: ARG001
    place: Place,  # noqa: ARG001
    writer: "Writer",  # noqa: ARG001
    *,
    when: datetime,  # noqa: ARG001
) -> int:
    return 0


def addresses(wanted: Collection[str], place: Place) -> dict[str, str]:  # noqa: ARG001
    return {}
