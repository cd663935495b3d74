"""What a refused push says, and whether trying again can help."""

import pytest

from mltools.edges.git.plumbing import without_credentials
from mltools.edges.git.pushing import hint_for, refusals, refused

RULES = (
    "!\trefs/heads/main:refs/heads/main\t[remote rejected] (push declined due to repository rule violations)\n"
    "!\trefs/tags/m@v1.0.0:refs/tags/m@v1.0.0\t[remote rejected] (atomic push failure)\nDone\n"
)


def test_refused_refs_are_read_from_the_porcelain_report() -> None:
    report = (
        "To ../remote.git\n"
        "*\trefs/heads/new:refs/heads/new\t[new branch]\n"
        "!\t0123:refs/mltools/journal\t[rejected] (fetch first)\n"
        "!\trefs/heads/a:b:refs/tags/x\t[remote rejected] (hook declined)\n"
        "Done\n"
    )
    first, second = refusals(report)
    assert (first.ref, first.reason, first.race) == ("refs/mltools/journal", "[rejected] (fetch first)", True)
    assert (second.ref, second.race) == ("refs/tags/x", False)


@pytest.mark.parametrize(
    ("reason", "race"),
    [
        ("[rejected] (fetch first)", True),
        ("[rejected] (non-fast-forward)", True),
        ("[rejected] (already exists)", True),
        ("[remote rejected] (failed to update ref)", True),
        ("[remote rejected] (incorrect old value provided)", True),
        ("[remote rejected] (cannot lock ref 'x': is at 1 but expected 2)", True),
        ("[remote rejected] (pre-receive hook declined)", False),
        ("[remote rejected] (push declined due to repository rule violations)", False),
        ("[remote rejected] (protected branch hook declined)", False),
        ("[remote rejected] (permission denied)", False),
        ("[remote rejected] (shallow update not allowed)", False),
        ("[remote rejected] (unpacker error)", False),
    ],
)
def test_only_a_lost_race_is_tried_again(reason: str, race: bool) -> None:  # noqa: FBT001
    error = refused("origin", refusals(f"!\ta:refs/x\t{reason}\n"), "")
    assert error.race is race
    assert f"refs/x: {reason}" in error.message


def test_a_refusal_names_its_cause_and_not_what_went_down_with_it() -> None:
    error = refused("origin", refusals(RULES), "error: GH013: Repository rule violations found")
    assert not error.race
    assert "rule violations" in error.message
    assert "m@v1.0.0" not in error.message
    assert "GH013" in error.message
    assert "rule of the forge" in str(error.hint)


def test_a_race_among_other_refusals_is_no_race() -> None:
    report = "!\ta:refs/x\t[rejected] (fetch first)\n!\tb:refs/y\t[remote rejected] (hook declined)\n"
    assert not refused("origin", refusals(report), "").race


def test_without_a_report_the_remote_is_at_fault() -> None:
    error = refused("origin", (), "Could not resolve host: example.invalid")
    assert not error.race
    assert error.message == "cannot push to origin\nCould not resolve host: example.invalid"
    assert "git remote -v" in str(error.hint)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("remote: Permission to o/r.git denied to bot.", "contents: write"),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "credential helper"),
        ("git@x: Permission denied (publickey).", "SSH key"),
        ("remote: Repository not found.", "git remote -v"),
        ("pre-receive hook declined", "hook of the remote"),
    ],
)
def test_each_refusal_has_its_remedy(said: str, word: str) -> None:
    assert word in str(hint_for(said))


def test_the_unknown_has_no_remedy() -> None:
    assert hint_for("something else") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@host/x", "https://***@host/x"),
        ("https://ghp_token@host/x and http://a:b@c", "https://***@host/x and http://***@c"),
        ("https://host/path@v1", "https://host/path@v1"),
        ("git@host:x", "git@host:x"),
    ],
)
def test_credentials_are_taken_out_of_addresses(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
