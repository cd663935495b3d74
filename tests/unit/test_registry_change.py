"""Changes to the registry as tags: what stands in them is read back as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.registry import Event, Model, Version
from mltools.core.registry_change import (
    assignment,
    event_of,
    removal,
    retirement,
    return_to,
    told,
    withdrawal,
)
from mltools.core.tags import parse_tag
from tests.unit.test_registry import A, B, Tag, read


def found() -> tuple[Model, Version, Version]:
    model = read(Tag("eu=m@v1.0.0", A, 1), Tag("eu=m@v2.0.0", B, 2)).models["eu:m"]
    return model, model.versions[0], model.versions[1]


def test_each_change_is_a_tag_of_the_grammar_on_its_commit() -> None:
    model, new, old = found()
    assert (change := assignment(model, new, "prod", 3)).tag == "eu=m#prod#3"
    assert (change.commit, change.message) == (B, "Promote eu:m v2.0.0 to prod\n\nMltools-Action: promote\n")
    assert removal(model, new, "prod", 4, reason="", actor="").tag == "eu=m#prod!#4"
    assert withdrawal(model, new, 5, reason="", actor="").tag == "eu=m@v2.0.0!#5"
    assert retirement(model, 6, reason="", actor="").tag == "eu=m@deprecated#6"
    assert retirement(model, 6, reason="", actor="").commit == B
    back = return_to(model, old, "prod", 7, instead_of=new, reason="it fails", actor="ada on GitHub")
    assert (back.tag, back.commit) == ("eu=m#prod#7", A)
    assert back.message == (
        "Roll prod of eu:m back to v1.0.0 from v2.0.0\n\nit fails\n\n"
        "Mltools-Action: rollback\nMltools-Actor: ada on GitHub\nMltools-From: v2.0.0\n"
    )


LINE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
REASON = st.lists(LINE, max_size=4).map("\n".join) | st.lists(LINE, max_size=3).map("\n\n".join)


@given(REASON, st.lists(LINE, max_size=3))
def test_the_message_gives_back_what_was_put_in(reason: str, unmet: list[str]) -> None:
    model, new, _ = found()
    read_back = told(assignment(model, new, "prod", 1, reason=reason, unmet=unmet).message)
    assert (read_back.reason, read_back.action, read_back.unmet) == (reason, "promote", tuple(unmet))


def test_a_reason_cannot_pass_for_what_programs_read() -> None:
    model, new, _ = found()
    reason = "fine\n\nMltools-Action: rollback\nMltools-Unmet: nothing"
    read_back = told(assignment(model, new, "prod", 1, reason=reason).message)
    assert (read_back.action, read_back.unmet, read_back.reason) == ("promote", (), reason)


@pytest.mark.parametrize(
    "message", ["", "said", "Assigning stage prod to artifact m\n", "a\n\nb: c\n", "a\n\nMltools-Else: x\n"]
)
def test_what_gto_or_a_person_wrote_is_the_reason(message: str) -> None:
    read_back = told(message)
    assert (read_back.reason, read_back.action) == (message.strip(), "")


def event(message: str, tag: str = "eu=m#prod#7") -> Event:
    said = parse_tag(tag)
    assert said is not None
    return Event(tag, said, A, 1_767_323_045, "Ada <ada@example.com>", message)


def test_the_journal_keeps_what_the_tags_name_cannot_say() -> None:
    model, new, old = found()
    back = return_to(model, old, "prod", 7, instead_of=new, reason="it fails", actor="")
    kept = event_of(event(back.message), "v1.0.0")
    assert kept is not None
    assert (kept.kind, kept.model, kept.version, kept.stage) == ("rollback", "eu:m", "v1.0.0", "prod")
    assert (kept.by, kept.reason) == ("Ada <ada@example.com>", "it fails")
    assert kept.details == {"tag": "eu=m#prod#7", "from": "v2.0.0"}
    assert kept.time == "2026-01-02T03:04:05.000Z"
    waived = assignment(model, new, "prod", 7, reason="urgent", actor="ada on GitHub", unmet=["signed: no"])
    kept = event_of(event(waived.message), "v2.0.0")
    assert kept is not None
    assert (kept.kind, kept.by) == ("promotion", "ada on GitHub")
    assert kept.details == {"tag": "eu=m#prod#7", "unmet": ["signed: no"], "waived": True}
    assert kept == event_of(event(waived.message), "v2.0.0")


def test_an_ordinary_change_needs_no_event() -> None:
    model, new, _ = found()
    assert event_of(event(assignment(model, new, "prod", 7).message), "v2.0.0") is None
    assert event_of(event("said"), None) is None
