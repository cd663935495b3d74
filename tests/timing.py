"""A clock that tests wind: sleeping takes no time and is written down."""

from dataclasses import dataclass, field

EPOCH = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@dataclass
class Clock:
    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.seconds

    def epoch(self) -> float:
        return EPOCH + self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
