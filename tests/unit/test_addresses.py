"""Which addresses a token may be sent to."""

import pytest

from mltools.edges.rest.addresses import is_loopback, next_page, origin, require_safe
from mltools.errors import ProviderError


@pytest.mark.parametrize(
    "url",
    [
        "https://api.github.com",
        "https://ghe.example.com:8443/api/v3",
        "http://127.0.0.1:8080",
        "http://127.8.9.1",
        "http://[::1]:80/x",
        "http://localhost:1",
    ],
)
def test_https_and_this_machine_are_safe(url: str) -> None:
    require_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "api.github.com",
        "",
        "https://[::1",
        "https://host:port/",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ProviderError):
        require_safe(url)


def test_an_address_with_a_token_in_it_is_refused_without_saying_the_token() -> None:
    with pytest.raises(ProviderError) as caught:
        require_safe("https://x-access-token:hunter2@github.com/o/r")
    assert "hunter2" not in caught.value.message
    assert "github.com" in caught.value.message


def test_the_same_server_is_the_same_scheme_host_and_port() -> None:
    assert origin("https://API.github.com/x") == origin("https://api.github.com:443/y")
    assert origin("https://api.github.com") != origin("http://api.github.com")
    assert origin("http://127.0.0.1:1") != origin("http://127.0.0.1:2")
    assert is_loopback("http://127.0.0.1:1")
    assert not is_loopback("https://github.com")


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("", None),
        ('<https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last"', "https://h/x?page=2"),
        ('<https://h/x?page=1>; rel="prev", <https://h/x?page=3>; rel="next"', "https://h/x?page=3"),
        ("<https://h/x?a=1,2&page=2>;rel=next", "https://h/x?a=1,2&page=2"),
        ('<https://h/x?page=1>; rel="first"', None),
        ("nonsense", None),
    ],
)
def test_the_next_page_is_read_from_the_link_header(link: str, url: str | None) -> None:
    assert next_page(link) == url
