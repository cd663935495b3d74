"""A bucket on a local S3 server, as fixtures."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

SECRET = "a-secret-that-nobody-may-see"


@dataclass(frozen=True)
class Bucket:
    """A bucket on the local server."""

    name: str
    endpoint: str
    client: Any

    def put(self, **files: bytes) -> None:
        for key, content in files.items():
            self.client.put_object(Bucket=self.name, Key=key, Body=content)


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """The address of the server."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment, and no service that is asked for others."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(s3_server: str, s3_credentials: None, request: pytest.FixtureRequest) -> Bucket:  # noqa: ARG001 - set before the client is made
    """An empty bucket."""
    import boto3  # type: ignore[import-untyped]

    name = f"bucket-{hashlib.md5(request.node.name.encode()).hexdigest()[:12]}"
    client = boto3.client("s3", endpoint_url=s3_server)
    client.create_bucket(Bucket=name)
    return Bucket(name, s3_server, client)
