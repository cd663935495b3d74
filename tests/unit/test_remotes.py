"""What a workflow needs for a DVC remote, from its URL; where the URL stands."""

from pathlib import Path

import pytest

from mltools.ci.remotes import BY_SCHEME, NONE, access
from mltools.edges.dvcconfig import remote_url
from mltools.errors import ConfigError


@pytest.mark.parametrize(
    "url", [None, "", "../storage", "/mnt/storage", "C:\\storage", "https://example.com/dvc"]
)
def test_a_directory_and_plain_http_need_nothing(url: str | None) -> None:
    assert access(url) is NONE


@pytest.mark.parametrize("scheme", BY_SCHEME)
def test_a_scheme_brings_its_plugin(scheme: str) -> None:
    found = access(f"{scheme.upper()}://place/path")
    assert found.plugin is not None
    assert found.plugin.startswith("dvc-")
    assert all(secret.isupper() for secret in found.secrets)


CONFIG = """\
[core]
    analytics = false
    remote = store
['remote "store"']
    url = s3://bucket/100%/path
['remote "other"']
    url = gs://bucket
"""


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (CONFIG, "s3://bucket/100%/path"),
        (CONFIG.replace("remote = store", "remote = other"), "gs://bucket"),
        (CONFIG.replace("remote = store", "remote = gone"), None),
        (CONFIG.replace("    remote = store\n", ""), None),
        ("", None),
    ],
)
def test_the_default_remote_of_the_committed_configuration_counts(
    text: str, url: str | None, tmp_path: Path
) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(text)
    (tmp_path / ".dvc/config.local").write_text("[core]\n    remote = mine\n")
    assert remote_url(tmp_path) == url


def test_without_a_configuration_there_is_no_remote(tmp_path: Path) -> None:
    assert remote_url(tmp_path) is None


def test_a_configuration_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("remote = store\n")
    with pytest.raises(ConfigError, match=r"\.dvc/config"):
        remote_url(tmp_path)
