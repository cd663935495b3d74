"""Version numbers as semver defines them, written with a leading v."""

import re
from collections.abc import Iterable
from typing import Literal

FIRST = "v0.1.0"

Bump = Literal["major", "minor", "patch"]

_PRERELEASE = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_NUMBER = r"(?:0|[1-9]\d*)"
PATTERN = (
    rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_VERSION = re.compile(PATTERN, re.ASCII)

Precedence = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]


def is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def precedence(version: str) -> Precedence:
    """A key that sorts versions as semver does: a pre-release before its release, build metadata without weight."""
    (major, minor, patch), prerelease = _split(version)
    if not prerelease:
        return (major, minor, patch, 1, ())
    parts = (
        (0, int(part), "") if part.isdigit() else (1, 0, part)  # a number comes before a word
        for part in prerelease.split(".")
    )
    return (major, minor, patch, 0, tuple(parts))


def highest(versions: Iterable[str]) -> str | None:
    """The highest of some versions, None of none."""
    return max(versions, key=precedence, default=None)


def next_version(previous: str | None, bump: Bump) -> str:
    """The version after `previous`: the first one is v0.1.0, and a pre-release is followed by its own release."""
    if previous is None:
        return FIRST
    (major, minor, patch), prerelease = _split(previous)
    match bump:
        case "major" if not (prerelease and minor == patch == 0):
            major, minor, patch = major + 1, 0, 0
        case "minor" if not (prerelease and patch == 0):
            minor, patch = minor + 1, 0
        case "patch" if not prerelease:
            patch += 1
    return f"v{major}.{minor}.{patch}"


def _split(version: str) -> tuple[tuple[int, int, int], str]:
    numbers, _, prerelease = version.removeprefix("v").partition("+")[0].partition("-")
    major, minor, patch = (int(number) for number in numbers.split("."))
    return (major, minor, patch), prerelease
