"""What `.dvc/config` says, read without DVC. Only the committed file counts: it is the same on every machine."""

import configparser
from pathlib import Path

from mltools.edges import files
from mltools.errors import ConfigError

FILE = ".dvc/config"


def remote_url(dvc_root: Path) -> str | None:
    """The URL of the default remote; None without one. Raises ConfigError when the file cannot be understood."""
    path = dvc_root / FILE
    if not path.is_file():
        return None
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(files.read_bytes(path).decode("utf-8-sig"), FILE)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE}: cannot be read: {str(error).splitlines()[0]}") from error
    name = parser.get("core", "remote", fallback="").strip()
    return parser.get(f"'remote \"{name}\"'", "url", fallback="").strip() or None if name else None
