"""A progress bar on stderr for what takes longer than a moment, where a person watches."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from mltools.cli.session import Session

# Seconds. What ends sooner needs no bar.
MOMENT = 1.0
Progress = Callable[[float], None]


@contextmanager
def bar(session: Session, label: str, *, wanted: bool = True) -> Iterator[Progress | None]:
    """Something to tell how far the work is, from 0 to 1; None where nobody would see it, or it is not `wanted`."""
    stream = sys.stderr
    watched = wanted and session.verbosity > -1 and stream.isatty() and session.environ.get("TERM") != "dumb"
    if not watched or session.environ.get("CI"):
        yield None
        return
    shown = Bar(label, stream, colored=session.colored(stream))
    try:
        yield shown
    finally:
        shown.close()


class Bar:
    """The bar of one piece of work; it goes away when the work ends."""

    def __init__(
        self, label: str, stream: TextIO, *, colored: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._stream = stream
        self._colored = colored
        self._clock = clock
        self._begun = clock()
        self._drawn: Any = None

    def __call__(self, share: float) -> None:
        if self._drawn is None:
            if self._clock() - self._begun < MOMENT:
                return
            self._drawn = self._started()
        self._drawn.update(0, completed=share)

    def close(self) -> None:
        if self._drawn is not None:
            self._drawn.stop()

    def _started(self) -> Any:
        # Loaded when it is needed: most work ends before.
        from rich.console import Console  # noqa: PLC0415
        from rich.markup import escape  # noqa: PLC0415
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn  # noqa: PLC0415

        console = Console(file=self._stream, no_color=not self._colored, force_terminal=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        drawn = Progress(*columns, console=console, transient=True)
        drawn.add_task(escape(self._label), total=1.0)
        drawn.start()
        return drawn
