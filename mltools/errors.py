"""What can go wrong, and the exit code each kind ends with.

MltoolsError
├── ConfigError            2  a file of the user's is wrong: file, line, key
├── UsageError             2  the command was called wrongly
├── CommandError           3  a program (git, dvc, a stage) failed
├── DataError              3  a data file cannot be read at all
├── ProviderError          3  the forge refused or could not be reached
├── RepositoryError        3  Git cannot answer: no repository, unknown revision, race lost
└── StoreError             3  a data object is missing, damaged or too large

A failed gate or check is no error: it is a verdict value.
"""

from collections.abc import Sequence


class MltoolsError(Exception):
    """An expected failure: what happened and where; `hint` says what to do."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(MltoolsError):
    """One or more mistakes in a file that the user wrote; `problems` holds one line each."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None, problems: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class UsageError(MltoolsError):
    """The command was given arguments that cannot be meant."""

    exit_code = 2


class CommandError(MltoolsError):
    """A program ended badly; `stderr` holds what it said last."""

    def __init__(
        self, message: str, *, returncode: int = 1, stderr: str = "", hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.returncode = returncode
        self.stderr = stderr


class DataError(MltoolsError):
    """A data file is missing, empty, damaged or not in the format that its name says."""


class ProviderError(MltoolsError):
    """A forge answered with an error, or not at all; `status` is the HTTP status, 0 without an answer."""

    def __init__(self, message: str, *, status: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class RepositoryError(MltoolsError):
    """Git could not answer or refused."""


class StoreError(MltoolsError):
    """A data object is missing, does not match its hash, or does not fit the store."""
