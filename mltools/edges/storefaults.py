"""What stores and their libraries complain about, in one line, without what must not be shown."""

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mltools.core.names import shown
from mltools.core.urls import SECRET
from mltools.errors import ConfigError, DataError, MltoolsError

NO_BUCKET = re.compile(r"(bucket|container) (does not|doesn't) exist|NoSuchBucket", re.IGNORECASE)
FORBIDDEN = (401, 403)
# Classes are told by name: each store has its own library, and most are not installed.
UNREACHABLE = ("Connect", "Timeout", "Endpoint", "DNS", "SSL", "Network", "ServerDisconnected")
NOBODY = frozenset({"NoCredentialsError", "CredentialRetrievalError", "PartialCredentialsError"})
SHORTEST_SECRET = 4


def explained(error: BaseException, url: str, settings: Mapping[str, Any]) -> MltoolsError:
    """The error as one of ours; what `settings` hold of secrets is taken out of its words."""
    if isinstance(error, MltoolsError):
        return error
    chain = tuple(_chain(error))
    if plugin := _missing_plugin(chain):
        return DataError(f"{url}: needs the package {plugin}", hint=f"pip install {plugin}")
    if any(type(each).__module__.startswith("dvc.config") for each in chain):
        reason = _masked(str(error).removeprefix("config file error: "), settings)
        return ConfigError(f"{url}: {reason}", hint="`dvc remote list` shows the remotes of this project")
    reason, hint = _reason(error, chain, settings)
    return DataError(f"{url}: {reason}", hint=hint)


def _reason(
    error: BaseException, chain: Sequence[BaseException], settings: Mapping[str, Any]
) -> tuple[str, str | None]:
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    if names & NOBODY:
        hint = "set the store's environment variables, or give a DVC remote its credentials with `dvc remote modify --local`"
        return "no credentials were found for it", hint
    if "PermissionError" in names or any(getattr(each, "status", 0) in FORBIDDEN for each in chain):
        return "the store refuses access", "check the credentials, and what they may read"
    if any(word in name for name in names for word in UNREACHABLE):
        hint = "check the network, and the endpoint in DVC's configuration"
        told = next((str(each) for each in reversed(chain) if str(each)), "no answer")
        return f"the store cannot be reached: {_masked(told, settings)}", hint
    if isinstance(error, FileNotFoundError):
        missing = "there is no such bucket" if NO_BUCKET.search(str(error)) else "nothing is there"
        return missing, "check the address"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "no space is left here to fetch it to", "make room, for example in .mltools/cache"
    return f"cannot be read: {_masked(str(error) or type(error).__name__, settings)}", None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def _missing_plugin(chain: tuple[BaseException, ...]) -> str | None:
    for each in chain:
        if type(each).__name__ == "RemoteMissingDepsError":
            return f"dvc-{getattr(each, 'protocol', '')}"
        if isinstance(each, ImportError) and "requires '" in str(each):
            return str(each).split("requires '")[1].split("'")[0]
    return None


def _masked(text: str, settings: Mapping[str, Any]) -> str:
    for name, value in settings.items():
        if SECRET.search(name) and len(str(value)) >= SHORTEST_SECRET:
            text = text.replace(str(value), "***")
    return shown(" ".join(text.split()), 300)
