"""`python -m benchmarks [NAME...]`: run the benchmarks and print each ratio beside its goal."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import (
    compare,
    drift,
    inference,
    journal,
    noop_run,
    profile,
    registry,
    report,
    serving,
    startup,
    statistics,
    validation,
)
from benchmarks.measure import Result, environment

Benchmark = Callable[[Path, Mapping[str, str], int], Iterator[Result]]

BENCHMARKS: dict[str, Benchmark] = {
    "startup": startup.results,
    "compare": compare.results,
    "drift": drift.results,
    "noop_run": noop_run.results,
    "inference": inference.results,
    "inference_large": inference.large,
    "journal": journal.results,
    "journal_writers": journal.writers,
    "registry": registry.results,
    "report": report.results,
    "serving": serving.results,
    "serving_memory": serving.memory,
    "statistics": statistics.results,
    "validation": validation.results,
    "validation_large": validation.large,
    "profile": profile.results,
    "profile_large": profile.large,
}
# Minutes and gigabytes: only when it is named.
ON_REQUEST = {"inference_large", "journal_writers", "serving_memory", "validation_large", "profile_large"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all when none is given"
    )
    parser.add_argument("-n", "--rounds", type=int, default=5, help="pairs that are counted (default 5)")
    parser.add_argument("--check", action="store_true", help="end with 1 when a goal is missed")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="mltools-bench-") as directory:
        environ = environment(Path(directory))
        for name in options.names or (name for name in BENCHMARKS if name not in ON_REQUEST):
            print(name, flush=True)
            for result in BENCHMARKS[name](Path(directory), environ, options.rounds):
                missed += not result.reached
                print(line(result), flush=True)
    return 1 if missed and options.check else 0


def line(result: Result) -> str:
    verdict = "reached" if result.reached else "MISSED"
    return (
        f"  {result.name}: {result.ours_seconds:.3f} {result.unit}; "
        f"{result.peer}: {result.peer_seconds:.3f} {result.unit}; "
        f"ratio {result.ratio:.3f} (goal {result.goal:g}, {verdict}; {result.rounds} pairs)"
    )


if __name__ == "__main__":
    raise SystemExit(main())
