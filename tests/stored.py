"""Records for tests of what is stored."""

from typing import Any

from mltools.core.records import Record, parse_record


def make_record(commit: str = "c" * 40, *, second: int = 5, suffix: str = "abcdef", **changes: Any) -> Record:
    """A small valid record of a commit; `second` sets its time."""
    return parse_record(
        {
            "schema": 1,
            "id": f"20260102T0304{second:02}Z-{commit[:8]}-{suffix}",
            "time": f"2026-01-02T03:04:{second:02}Z",
            "seconds": 1.5,
            "commit": commit,
            "branch": "main",
            "verdict": "passed",
            "metrics": {"test.roc_auc": 0.99},
            "environment": {"python": "3.11.7", "platform": "linux-x86_64", "mltools": "0.1.0"},
            **changes,
        },
        "test",
    )
