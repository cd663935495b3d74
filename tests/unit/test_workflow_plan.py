"""What generating does to each file that is there, by what it holds."""

from mltools.ci.actions import PINNED
from mltools.ci.stamp import State, stamped, state
from mltools.ci.workflow_plan import plan
from mltools.edges.templates import RenderedFile

CHECKOUT = PINNED["actions/checkout"]
BODY = f'name: "mltools"\nuses: {CHECKOUT.pinned}\n'
WANTED = stamped(BODY, "1.0.0")
PATH = ".github/workflows/mltools.yml"
DEPENDABOT = RenderedFile(".github/dependabot.yml", b"version: 2\n")


def test_the_same_text_is_current() -> None:
    assert state(WANTED, WANTED) is State.CURRENT


def test_a_file_of_another_version_of_mltools_that_says_the_same_is_current() -> None:
    assert state(stamped(BODY, "0.9.0"), WANTED) is State.CURRENT


def test_line_ends_and_a_byte_order_mark_are_no_edits() -> None:
    assert state("\ufeff" + WANTED.replace("\n", "\r\n"), WANTED) is State.CURRENT


def test_a_moved_pin_is_no_edit() -> None:
    moved = WANTED.replace(CHECKOUT.pinned, f"actions/checkout@{'a' * 40} # v99.0.0")
    assert state(moved, WANTED) is State.CURRENT


def test_a_pin_whose_commit_was_exchanged_is_an_edit() -> None:
    assert state(WANTED.replace(CHECKOUT.sha, "a" * 40), WANTED) is State.EDITED


def test_a_changed_character_is_an_edit() -> None:
    assert state(WANTED.replace('"mltools"', '"mine"'), WANTED) is State.EDITED


def test_an_edited_file_is_an_edit_even_when_it_is_not_wanted_any_more() -> None:
    assert state(WANTED + "# mine\n", None) is State.EDITED


def test_an_untouched_file_of_an_earlier_configuration_is_stale() -> None:
    assert state(stamped('name: "old"\n', "1.0.0"), WANTED) is State.STALE


def test_a_file_that_somebody_else_wrote_is_foreign_where_ours_should_stand_and_no_matter_elsewhere() -> None:
    assert state("name: mine\n", WANTED) is State.FOREIGN
    assert state("", WANTED) is State.FOREIGN
    assert state("name: mine\n", None) is None


def test_nothing_there_and_nothing_wanted_is_nothing() -> None:
    assert state(None, None) is None
    assert state(None, WANTED) is State.MISSING


def test_a_plan_creates_updates_keeps_and_removes() -> None:
    old = stamped('name: "old"\n', "1.0.0")
    wanted = [RenderedFile(f"{name}.yml", WANTED.encode()) for name in ("new", "stale", "current")]
    changes = plan(wanted, {"stale.yml": old, "current.yml": WANTED, "left.yml": old})
    assert [(change.path, change.state, change.content) for change in changes] == [
        ("current.yml", State.CURRENT, WANTED.encode()),
        ("left.yml", State.OBSOLETE, None),
        ("new.yml", State.MISSING, WANTED.encode()),
        ("stale.yml", State.STALE, WANTED.encode()),
    ]
    assert not any(change.by_hand for change in changes)


def test_a_file_to_be_made_once_is_left_alone_ever_after() -> None:
    assert [change.path for change in plan([], {}, once=[DEPENDABOT])] == [DEPENDABOT.path]
    assert plan([], {DEPENDABOT.path: "version: 2 # mine\n"}, once=[DEPENDABOT]) == ()


def test_an_update_keeps_pins_that_were_moved_since() -> None:
    moved = f"actions/checkout@{'a' * 40} # v99.0.0"
    (change,) = plan(
        [RenderedFile(PATH, WANTED.encode())],
        {PATH: stamped(BODY.replace("mltools", "old"), "1.0.0").replace(CHECKOUT.pinned, moved)},
    )
    assert change.state is State.STALE
    assert change.content == WANTED.replace(CHECKOUT.pinned, moved).encode()
    assert state(change.content.decode(), WANTED) is State.CURRENT
