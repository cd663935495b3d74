"""How the running mltools was installed, as a requirement that installs the same one elsewhere."""

import json
from importlib import metadata
from urllib.parse import urlsplit

from mltools import __version__

DISTRIBUTION = "mltools-gitops"


def requirement() -> tuple[str, str | None]:
    """The requirement, and a warning where it cannot name what is running.

    The index's version, or the Git URL and commit. A local directory, a file or an address with a password in it
    means nothing on another machine: the index's version then.
    """
    try:
        found = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return of(__version__, None)
    return of(found.version, found.read_text("direct_url.json"))


def of(version: str, direct_url: str | None) -> tuple[str, str | None]:
    """The requirement for a version and what the installer noted in `direct_url.json` (PEP 610)."""
    index = f"{DISTRIBUTION}=={version}"
    if direct_url is None:
        return index, None
    origin = json.loads(direct_url)
    url, revision = str(origin.get("url", "")), origin.get("vcs_info", {}).get("commit_id")
    place = urlsplit(url)
    if revision and place.scheme in {"https", "ssh"} and not place.password:
        return f"{DISTRIBUTION} @ git+{url}@{revision}", None
    return index, (
        f"mltools is installed from {'a local directory' if place.scheme == 'file' else 'a place of its own'}, which CI "
        f"cannot reach: ci.install says {index}; change it where that is not what CI should install"
    )
