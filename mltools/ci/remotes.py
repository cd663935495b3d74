"""What a workflow needs to reach a DVC remote: the plugin that speaks its protocol, the secrets it is opened with."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """How a kind of remote is reached. Without `secrets` the runner's own identity must do, or the data is public."""

    plugin: str | None = None
    secrets: tuple[str, ...] = ()


NONE = Access()

# The variables are those that each protocol's client reads by itself.
BY_SCHEME: Mapping[str, Access] = {
    "s3": Access("dvc-s3", ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
    "azure": Access("dvc-azure", ("AZURE_STORAGE_CONNECTION_STRING",)),
    "gs": Access("dvc-gs"),
    "gdrive": Access("dvc-gdrive", ("GDRIVE_CREDENTIALS_DATA",)),
    "oss": Access("dvc-oss", ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET")),
    "ssh": Access("dvc-ssh"),
    "webdav": Access("dvc-webdav"),
    "webdavs": Access("dvc-webdav"),
    "hdfs": Access("dvc-hdfs"),
    "webhdfs": Access("dvc-webhdfs"),
}


def plugins(*reached: Access) -> str:
    """The packages that it takes to reach all of them, as pip is told them."""
    return " ".join(dict.fromkeys(each.plugin for each in reached if each.plugin))


def secrets(*reached: Access) -> tuple[str, ...]:
    """The secrets that it takes to reach all of them."""
    return tuple(dict.fromkeys(secret for each in reached for secret in each.secrets))


def access(url: str | None) -> Access:
    """How the remote at `url` is reached; nothing is needed for none, for a directory, and for plain HTTP."""
    scheme, found, _ = (url or "").partition("://")
    return BY_SCHEME.get(scheme.lower(), NONE) if found else NONE
