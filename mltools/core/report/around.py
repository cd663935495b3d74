"""What a report shows beside its record. The shell finds it; a report without it is whole, too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps

from mltools.core.metrics import Scalar
from mltools.core.plots import Plot
from mltools.core.records import Record
from mltools.core.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier run of the base branch."""

    id: str
    commit: str
    time: str
    verdict: Outcome
    metrics: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Around:
    """`history` is oldest first; `base_plots` are the base's; `images` are addresses by the hash of the picture.

    `sections` are those that the project wants, in its order; None for all.
    """

    history: tuple[Past, ...] = ()
    base_plots: tuple[Plot, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[str, ...] | None = None


NOTHING = Around()


def alone(render: Callable[[Record], str | None]) -> Callable[[Record, Around], str | None]:
    """A section that looks at nothing but the record."""

    @wraps(render)
    def section(record: Record, _: Around) -> str | None:
        return render(record)

    return section
