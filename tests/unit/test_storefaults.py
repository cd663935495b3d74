"""What stores complain about, as users read it."""

import errno

import pytest

from mltools.edges.storefaults import explained
from mltools.errors import DataError

URL = "s3://bucket/raw.csv"
SETTINGS = {"secret_access_key": "wJalrXUtn", "password": "hunter22", "endpointurl": "http://127.0.0.1:9"}


class EndpointConnectionError(Exception):
    """As botocore calls it."""


class ClientResponseError(Exception):
    """As aiohttp calls it."""

    status = 403


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("Access Denied"), "the store refuses access"),
        (caused(FileNotFoundError(URL), ClientResponseError("Forbidden")), "the store refuses access"),
        (FileNotFoundError("The specified bucket does not exist"), "there is no such bucket"),
        (FileNotFoundError("bucket/raw.csv"), "nothing is there"),
        (
            caused(FileNotFoundError(URL), ConnectionRefusedError("refused")),
            "the store cannot be reached: refused",
        ),
        (EndpointConnectionError("no\nroute"), "the store cannot be reached: no route"),
        (TimeoutError(), "the store cannot be reached: no answer"),
        (OSError(errno.ENOSPC, "No space left"), "no space is left here to fetch it to"),
        (ImportError("gs is supported, but requires 'dvc-gs' to be installed"), "needs the package dvc-gs"),
        (ValueError(), "cannot be read: ValueError"),
        (ValueError("a\x1b[31mb"), "cannot be read: a\\x1b[31mb"),
    ],
)
def test_each_kind_of_fault_has_its_words(error: Exception, said: str) -> None:
    found = explained(error, URL, SETTINGS)
    assert (type(found), found.message) == (DataError, f"{URL}: {said}")


def test_secrets_are_taken_out() -> None:
    told = explained(ValueError("signed with wJalrXUtn by hunter22 at http://127.0.0.1:9"), URL, SETTINGS)
    assert told.message == f"{URL}: cannot be read: signed with *** by *** at http://127.0.0.1:9"


def test_an_error_of_ours_stays_what_it_is() -> None:
    error = DataError("raw.csv: is empty")
    assert explained(error, URL, {}) is error
