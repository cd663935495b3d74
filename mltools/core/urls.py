"""Addresses of data outside the project, as DVC writes them: `s3://bucket/key.csv`, `remote://NAME/path`."""

import re
from difflib import get_close_matches
from posixpath import basename
from urllib.parse import parse_qsl, urlsplit

SCHEMES = ("s3", "gs", "azure", "ssh", "http", "https", "remote", "hdfs", "webhdfs", "oss")
# Where a name before the host is an account on it and no secret.
WITH_USERS = frozenset({"ssh", "hdfs", "webhdfs"})
SECRET = re.compile(r"sig|token|key|secret|passw|credential|auth", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Whether a data set is named by an address and not by a path."""
    return "://" in text


def checked(url: str) -> str:
    """The address itself. Raises ValueError for one that cannot be meant, or that holds a secret."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in SCHEMES:
        close = get_close_matches(parts.scheme, SCHEMES, n=1)
        meant = f"did you mean {close[0]}://?" if close else f"known are {', '.join(SCHEMES)}"
        raise ValueError(f"{parts.scheme}:// is no place that data are read from; {meant}")
    if "@" in parts.netloc and (parts.scheme not in WITH_USERS or ":" in parts.netloc.rpartition("@")[0]):
        raise ValueError(
            f"the {parts.scheme}:// address holds credentials; keep them out of Git, in a DVC remote "
            "(`dvc remote modify --local`), and write remote://NAME/path"
        )
    if any(SECRET.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise ValueError(f"the {parts.scheme}:// address is a signed one: it holds a secret, and will expire")
    if not parts.netloc or not url.isprintable() or " " in url or {".", ".."} & {*parts.path.split("/")}:
        raise ValueError(f"{url!r} is no whole address, such as s3://bucket/data/raw.csv")
    return url


def file_name(url: str) -> str:
    """What an address calls its file or directory: `raw.csv` of `s3://bucket/data/raw.csv?versionId=3`."""
    parts = urlsplit(url)
    return basename(parts.path.rstrip("/")) or parts.netloc
