import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.versions import Bump, highest, is_version, next_version, precedence

numbers = st.integers(0, 12)
identifiers = st.one_of(numbers.map(str), st.sampled_from(["alpha", "beta", "rc", "rc-1", "0a", "-"]))
versions = st.builds(
    lambda core, pre, build: (
        "v" + ".".join(map(str, core)) + (f"-{'.'.join(pre)}" if pre else "") + (f"+{build}" if build else "")
    ),
    st.tuples(numbers, numbers, numbers),
    st.lists(identifiers, max_size=3),
    st.sampled_from(["", "b1", "20260101"]),
)


@given(versions, versions)
def test_versions_are_ordered_as_semver_orders_them(one: str, other: str) -> None:
    theirs = semver.Version.parse(one[1:]).compare(other[1:])
    ours = (precedence(one) > precedence(other)) - (precedence(one) < precedence(other))
    assert ours == theirs


def test_the_example_of_the_specification_is_in_order() -> None:
    chain = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    ordered = [*(f"v1.0.0-{part}" for part in chain), "v1.0.0"]
    assert sorted(sorted(ordered), key=precedence) == ordered


@given(versions, st.sampled_from(["major", "minor", "patch"]))
def test_the_next_version_is_higher_and_valid(previous: str, bump: Bump) -> None:
    following = next_version(previous, bump)
    assert is_version(following)
    assert precedence(following) > precedence(previous)


@pytest.mark.parametrize(
    ("previous", "bump", "following"),
    [
        (None, "patch", "v0.1.0"),
        (None, "major", "v0.1.0"),
        ("v1.2.3", "patch", "v1.2.4"),
        ("v1.2.3", "minor", "v1.3.0"),
        ("v1.2.3", "major", "v2.0.0"),
        ("v0.9.9+build.1", "patch", "v0.9.10"),
        ("v1.2.3-rc.1", "patch", "v1.2.3"),
        ("v1.3.0-rc.1", "minor", "v1.3.0"),
        ("v1.2.3-rc.1", "minor", "v1.3.0"),
        ("v2.0.0-rc.1", "major", "v2.0.0"),
        ("v2.1.0-rc.1", "major", "v3.0.0"),
    ],
)
def test_a_version_is_raised(previous: str | None, bump: Bump, following: str) -> None:
    assert next_version(previous, bump) == following


def test_the_highest_is_found() -> None:
    assert highest([]) is None
    assert highest(["v0.10.0", "v0.9.0", "v0.10.0-rc.1"]) == "v0.10.0"
