"""The pins of third-party actions: read from text, compared with the table, never moved back."""

import pytest

from mltools.ci.actions import PINNED, keep_newer, mismatched, pins, without_pins

CHECKOUT = PINNED["actions/checkout"]
NEWER = f"actions/checkout@{'a' * 40} # v{CHECKOUT.order[0] + 1}.0.0"
OLDER = f"actions/checkout@{'b' * 40} # v1.0.0"


def uses(pin: str) -> str:
    return f'      - name: "x"\n        uses: {pin}\n        with:\n'


def test_every_action_is_pinned_to_a_whole_commit_of_a_whole_version() -> None:
    for name, action in PINNED.items():
        assert action.name == name
        assert pins(uses(action.pinned)) == (action,)


def test_the_text_without_pins_is_the_same_before_and_after_an_update() -> None:
    assert without_pins(uses(CHECKOUT.pinned)) == without_pins(uses(NEWER))


@pytest.mark.parametrize(
    "pin", ["actions/checkout@v7", "actions/checkout@main", f"actions/checkout@{'a' * 40}"]
)
def test_a_loosened_pin_is_seen_as_a_change(pin: str) -> None:
    assert without_pins(uses(pin)) != without_pins(uses(CHECKOUT.pinned))


def test_a_newer_pin_in_a_file_is_kept() -> None:
    assert keep_newer(uses(CHECKOUT.pinned), uses(NEWER)) == uses(NEWER)


def test_an_older_pin_in_a_file_is_moved_to_ours() -> None:
    assert keep_newer(uses(CHECKOUT.pinned), uses(OLDER)) == uses(CHECKOUT.pinned)


def test_pins_of_actions_that_we_do_not_use_are_no_matter() -> None:
    assert keep_newer(uses(CHECKOUT.pinned), uses(f"else/where@{'a' * 40} # v99.0.0")) == uses(
        CHECKOUT.pinned
    )


@pytest.mark.parametrize(
    "pin",
    [
        f"actions/checkout@{'a' * 40} # v{CHECKOUT.version}",
        f"actions/checkout@{CHECKOUT.sha} # v99.0.0",
    ],
)
def test_a_commit_that_is_not_the_version_of_its_comment_is_found(pin: str) -> None:
    assert [action.pinned for action in mismatched(uses(pin))] == [pin]


def test_the_tables_own_pins_and_unknown_versions_are_no_mismatch() -> None:
    assert mismatched(uses(CHECKOUT.pinned) + uses(NEWER)) == ()
