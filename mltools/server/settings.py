"""What the service is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes are in bytes, times in seconds.

    `requests` are answered at once, further ones get 503; `body_seconds` and `head_seconds` are what a client has for
    sending, `answer_seconds` what everything may take; `drain_seconds` what is under way has at the end.
    """

    models: Path
    log: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    most_body: int = 4 << 20
    most_rows: int = 1_000
    requests: int = 64
    connections: int = 1_024
    threads: int = 4
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    answer_seconds: float = 60.0
    drain_seconds: float = 30.0
    poll_seconds: float = 0.5
    log_bytes: int = 64 << 20
    pickle: bool = False
    with_stdin: bool = False
