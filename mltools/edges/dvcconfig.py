"""What `.dvc/config` says, read without DVC. Only the committed file counts: it is the same on every machine."""

import configparser
from pathlib import Path

from mltools.edges import files
from mltools.errors import ConfigError

FILE = ".dvc/config"


def remote_url(dvc_root: Path) -> str | None:
    """The URL of the default remote; None without one. Raises ConfigError when the file cannot be understood."""
    default = _default(dvc_root)
    return None if default is None else default[1]


def elsewhere(dvc_root: Path, cache: Path) -> str:
    """A `config.local` by which another tree of the repository uses this one's cache and finds its default remote."""
    text = f'[cache]\n    dir = "{cache.absolute()}"\n'
    default = _default(dvc_root)
    if default is not None and "://" not in default[1]:
        # A relative path counts from the file that it stands in.
        text += f"['remote \"{default[0]}\"']\n    url = {(dvc_root / '.dvc' / default[1]).resolve()}\n"
    return text


def _default(dvc_root: Path) -> tuple[str, str] | None:
    """Name and URL of the default remote."""
    path = dvc_root / FILE
    if not path.is_file():
        return None
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(files.read_bytes(path).decode("utf-8-sig"), FILE)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE}: cannot be read: {str(error).splitlines()[0]}") from error
    name = parser.get("core", "remote", fallback="").strip()
    url = parser.get(f"'remote \"{name}\"'", "url", fallback="").strip() if name else ""
    return (name, url) if url else None
