"""Addresses of data outside the project."""

import pytest

from mltools.core.config import parse_config
from mltools.core.urls import checked, file_name, is_url
from mltools.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://bucket/data/raw.csv", "raw.csv"),
        ("s3://bucket/days/", "days"),
        ("s3://bucket", "bucket"),
        ("s3://bucket/raw.csv?versionId=3", "raw.csv"),
        ("gs://bucket/raw.csv.gz", "raw.csv.gz"),
        ("azure://container/raw.parquet", "raw.parquet"),
        ("ssh://user@host:22/data/raw.csv", "raw.csv"),
        ("https://example.com/raw.csv?raw=true", "raw.csv"),
        ("remote://store/raw.jsonl", "raw.jsonl"),
    ],
)
def test_addresses_that_dvc_knows_are_data(url: str, name: str) -> None:
    assert is_url(url)
    assert checked(url) == url
    assert file_name(url) == name


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("htp://bucket/raw.csv", "htp:// is no place that data are read from; did you mean http://?"),
        ("ftp://host/raw.csv", "ftp:// is no place that data are read from; known are s3, gs"),
        ("file:///etc/passwd", "file:// is no place that data are read from; known are s3, gs"),
        ("https://user:pass@host/raw.csv", "the https:// address holds credentials; keep them out of Git"),
        ("https://token@host/raw.csv", "the https:// address holds credentials"),
        ("ssh://user:pass@host/raw.csv", "the ssh:// address holds credentials"),
        ("https://host/raw.csv?X-Amz-Signature=abc", "the https:// address is a signed one"),
        ("https://host/raw.csv?sig=", "the https:// address is a signed one"),
        ("s3:///raw.csv", "'s3:///raw.csv' is no whole address"),
        ("s3://bucket/../raw.csv", "'s3://bucket/../raw.csv' is no whole address"),
        ("s3://bucket/a b.csv", "'s3://bucket/a b.csv' is no whole address"),
        ("s3://bucket/\u202ecsv", "is no whole address"),
        ("https://[::1/raw.csv", "'https://[::1/raw.csv' is no address: Invalid IPv6 URL"),
    ],
)
def test_addresses_that_cannot_be_meant_are_refused_without_their_secrets(url: str, reason: str) -> None:
    tree = {"schema": 1, "data": [{"path": url, "schema": "s.yaml"}]}
    with pytest.raises(ConfigError) as caught:
        parse_config(tree)
    assert reason in caught.value.message
    assert "mltools.yaml:1: data[0].path: " in caught.value.message
    assert "pass" not in caught.value.message.replace("passwd", "")
    assert "abc" not in caught.value.message


def test_a_path_is_still_a_path_inside_the_project() -> None:
    for path in ("/etc/passwd", "../x.csv", "c:/x.csv", "a\\b.csv"):
        with pytest.raises(ConfigError, match="must be a path inside the project"):
            parse_config({"schema": 1, "data": [{"path": path, "schema": "s.yaml"}]})
