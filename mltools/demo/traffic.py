"""Requests to the service of the demonstration: real rows, one after the other, each counted."""

import csv
import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

Row = Mapping[str, float]
SECONDS = 30.0


@dataclass(slots=True)
class Sent:
    """What became of requests: how many each version answered, and those that nobody did."""

    answered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        parts = [f"{count:,} answered by v{version}" for version, count in sorted(self.answered.items())]
        return f"{sum(self.answered.values()):,} requests: {', '.join(parts)}; {len(self.failed)} failed"


class Visitors:
    """Who asks the service: rows drawn from a file, the same ones each time."""

    def __init__(self, address: str, path: Path, leave_out: Sequence[str]) -> None:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        self._rows: list[Row] = [
            {name: float(value) for name, value in row.items() if name not in leave_out} for row in rows
        ]
        self._address = urlsplit(address)
        self._chance = random.Random(20_260_102)  # noqa: S311 - the same story each time
        self._count = 0

    def send(self, count: int, change: Callable[[Row], Row] = lambda row: row) -> Sent:
        """Ask so many times, each time for one row."""
        sent = Sent()
        with self._line() as line:
            for _ in range(count):
                self._ask(line, sent, change)
        return sent

    @contextmanager
    def streaming(self) -> Iterator[Sent]:
        """Ask without a pause as long as the block goes on."""
        sent, over = Sent(), threading.Event()

        def go_on() -> None:
            with self._line() as line:
                while not over.is_set():
                    self._ask(line, sent, lambda row: row)

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield sent
        finally:
            over.set()
            thread.join(SECONDS)

    def serving(self) -> str | None:
        """The version that answers, None when none does."""
        with self._line() as line:
            line.request("GET", "/health/ready")
            found = json.loads(line.getresponse().read())
        serving = found.get("serving") or {}
        version = serving.get("stable")
        return version if isinstance(version, str) else None

    @contextmanager
    def _line(self) -> Iterator[http.client.HTTPConnection]:
        line = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=SECONDS)
        try:
            yield line
        finally:
            line.close()

    def _ask(self, line: http.client.HTTPConnection, sent: Sent, change: Callable[[Row], Row]) -> None:
        self._count += 1
        name = f"visit-{self._count:06d}"
        body = {"rows": [dict(change(self._chance.choice(self._rows)))], "ids": [name], "key": name}
        try:
            line.request("POST", "/predict", json.dumps(body), {"Content-Type": "application/json"})
            answer = line.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            sent.failed.append(f"{name}: {error!r}")
            line.close()
            return
        if answer.status == 200:  # noqa: PLR2004 - HTTP's word for yes
            sent.answered[str(told["version"])] += 1
        else:
            sent.failed.append(f"{name}: {answer.status} {told}")
