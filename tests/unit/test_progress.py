"""The bar that a person sees when something takes long."""

import io
import sys
from collections.abc import Mapping

import pytest

from mltools.cli import progress
from mltools.cli.progress import Bar
from mltools.cli.session import Session


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(*moments: float, label: str = "data/raw.csv") -> str:
    """What a terminal is sent by work that begins at 0 and tells its share at these times."""
    stream, times = Terminal(), iter((0.0, *moments))
    shown = Bar(label, stream, colored=False, clock=lambda: next(times))
    for moment in moments:
        shown(moment / 10)
    shown.close()
    return stream.getvalue()


def test_what_ends_within_a_moment_draws_nothing() -> None:
    assert drawn() == ""
    assert drawn(0.1, 0.5, 0.9) == ""


def test_what_takes_longer_draws_a_bar_that_goes_away() -> None:
    sent = drawn(0.5, 5)
    assert "data/raw.csv" in sent
    assert "50%" in sent
    assert sent.endswith("\x1b[2K")  # the line is wiped


def test_a_name_is_shown_as_it_is() -> None:
    assert "[red]x[/red].csv" in drawn(5, label="[red]x[/red].csv")


@pytest.mark.parametrize(
    ("environ", "verbosity", "wanted", "terminal", "seen"),
    [
        ({}, 0, True, True, True),
        ({}, 0, True, False, False),
        ({}, 0, False, True, False),
        ({}, -1, True, True, False),
        ({"TERM": "dumb"}, 0, True, True, False),
        ({"CI": "true"}, 0, True, True, False),
    ],
)
def test_a_bar_is_for_people(
    environ: Mapping[str, str],
    verbosity: int,
    wanted: bool,  # noqa: FBT001 - a parameter of the test
    terminal: bool,  # noqa: FBT001 - as above
    seen: bool,  # noqa: FBT001 - as above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    with progress.bar(Session(environ, verbosity=verbosity), "x", wanted=wanted) as told:
        assert (told is not None) == seen
