"""Counters of the service, as Prometheus' text format (version 0.0.4) tells them."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARES = tuple(step / 10 for step in range(1, 11))
# A model with more classes than this has the rest counted together: each label costs memory in Prometheus.
MOST_LABELS = 100

Labels = tuple[tuple[str, str], ...]

HELP: Mapping[str, tuple[str, str]] = {
    "mltools_requests_total": ("counter", "Requests by route and status."),
    "mltools_request_seconds": ("histogram", "Time from a request's first byte to its answer."),
    "mltools_errors_total": ("counter", "Requests that ended in an error of the service."),
    "mltools_predict_seconds": ("histogram", "Time of checking and predicting, by arm and version."),
    "mltools_rows_total": ("counter", "Rows that were answered, by arm and version."),
    "mltools_refused_rows_total": ("counter", "Rows that break the input contract, by rule."),
    "mltools_predictions_total": ("counter", "Answers by class."),
    "mltools_prediction": ("histogram", "Answers that are numbers."),
    "mltools_score": ("histogram", "The largest probability of each answer."),
    "mltools_shadow_rows_total": (
        "counter",
        "Rows that the shadow answered like the arm that counts, or otherwise.",
    ),
    "mltools_swaps_total": ("counter", "Changes of what is served, by how they went."),
    "mltools_model_info": ("gauge", "What each arm serves: always 1."),
    "mltools_ready": ("gauge", "Whether requests are answered."),
    "mltools_requests_under_way": ("gauge", "Requests that are being answered."),
    "mltools_log_lines_total": ("counter", "Lines of the request log that were written."),
    "mltools_log_lines_lost_total": ("counter", "Lines of the request log that could not be written."),
    "mltools_registry_reachable": ("gauge", "Whether the agent reached the registry the last time."),
    "mltools_agent_seconds": ("gauge", "How long ago the agent last said anything."),
}


@dataclass(slots=True)
class _Histogram:
    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0

    def observe(self, value: float) -> None:
        if not self.counts:
            self.counts = [0] * (len(self.bounds) + 1)
        place = next((at for at, bound in enumerate(self.bounds) if value <= bound), len(self.bounds))
        self.counts[place] += 1
        self.sum += value


class Metrics:
    """Counters and histograms by name and labels; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, _Histogram]] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count."""
        key = tuple(labels.items())
        with self._lock:
            found = self._values.setdefault(name, {})
            if key not in found and len(found) >= MOST_LABELS * 10:
                return
            found[key] = found.get(key, 0) + amount

    def put(self, name: str, values: Mapping[Labels, float]) -> None:
        """Set all values of a gauge at once."""
        with self._lock:
            self._values[name] = dict(values)

    def observe(
        self, name: str, values: Sequence[float], bounds: Sequence[float] = BUCKETS, **labels: str
    ) -> None:
        """Put values into a histogram."""
        key = tuple(labels.items())
        with self._lock:
            found = self._histograms.setdefault(name, {})
            if key not in found:
                found[key] = _Histogram(bounds)
            for value in values:
                found[key].observe(value)

    def text(self) -> str:
        """Everything, sorted, as Prometheus reads it."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for name, (kind, told) in HELP.items():
            if name not in self._values and name not in self._histograms:
                continue
            yield f"# HELP {name} {told}"
            yield f"# TYPE {name} {kind}"
            for labels, value in sorted(self._values.get(name, {}).items()):
                yield f"{name}{_braces(labels)} {_number(value)}"
            for labels, histogram in sorted(self._histograms.get(name, {}).items(), key=lambda item: item[0]):
                yield from _histogram(name, labels, histogram)


def _histogram(name: str, labels: Labels, histogram: _Histogram) -> Iterator[str]:
    total = 0
    for bound, count in zip((*histogram.bounds, None), histogram.counts, strict=True):
        total += count
        shown = "+Inf" if bound is None else _number(bound)
        yield f"{name}_bucket{_braces((*labels, ('le', shown)))} {total}"
    yield f"{name}_sum{_braces(labels)} {_number(histogram.sum)}"
    yield f"{name}_count{_braces(labels)} {total}"


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))  # noqa: PLR2004 - exact integers
