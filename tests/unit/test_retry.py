"""Which refusals are worth asking again for, and after how long."""

import pytest

from mltools.edges.rest.retry import backoff, is_limit, is_unclear, pause

NOW = 1_767_225_600.0


def wait(
    status: int, headers: dict[str, str] | None = None, message: str = "", attempt: int = 0
) -> float | None:
    return pause(status, headers or {}, message, attempt=attempt, now=NOW)


@pytest.mark.parametrize("status", [400, 401, 404, 405, 409, 410, 422, 451])
def test_a_clear_no_is_not_asked_again(status: int) -> None:
    assert wait(status) is None


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_a_failing_server_is_asked_again_after_growing_waits(status: int) -> None:
    assert [wait(status, attempt=attempt) for attempt in range(4)] == [0.5, 1.0, 2.0, 4.0]


def test_a_permission_that_is_missing_is_not_asked_again_whatever_the_headers_say() -> None:
    headers = {"x-ratelimit-remaining": "0", "retry-after": "1"}
    assert wait(403, headers, "Resource not accessible by integration") is None
    assert wait(403) is None


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after": "0"}, "", 1.0),
        ({"retry-after": "-5"}, "", 60.0),
        ({"retry-after": "soon"}, "", 60.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, "", 30.0),
        ({"retry-after": "Wed, 31 Dec 2025 23:00:00 GMT"}, "", 1.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, "", 90.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) - 90)}, "", 1.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}, "", 60.0),
        ({"x-ratelimit-remaining": "0"}, "", 60.0),
        ({}, "You have exceeded a secondary rate limit", 60.0),
        ({}, "You have triggered an abuse detection mechanism", 60.0),
    ],
)
def test_a_limit_is_waited_for_as_long_as_it_says(
    headers: dict[str, str], message: str, seconds: float
) -> None:
    assert wait(403, headers, message) == seconds
    assert wait(429, headers, message) == seconds


def test_an_absurd_wait_is_passed_on_for_the_deadline_to_refuse() -> None:
    asked = wait(429, {"retry-after": "9" * 400})
    assert asked is not None
    assert 1e9 < asked < float("inf")


def test_a_limit_without_a_time_is_waited_for_longer_each_time() -> None:
    assert [wait(429, attempt=attempt) for attempt in range(3)] == [60.0, 120.0, 240.0]


def test_a_server_that_names_a_time_is_not_asked_before() -> None:
    assert wait(503, {"retry-after": "20"}) == 20.0


def test_a_limit_means_that_nothing_was_carried_out_and_a_lost_answer_leaves_it_open() -> None:
    assert is_limit(429, {}, "")
    assert not is_limit(500, {"retry-after": "1"}, "")
    assert all(is_unclear(status) for status in (0, 200, 201, 408, 500, 502))
    assert not any(is_unclear(status) for status in (301, 400, 401, 403, 404, 422, 429))


def test_waits_double() -> None:
    assert [backoff(attempt) for attempt in range(5)] == [0.5, 1.0, 2.0, 4.0, 8.0]
