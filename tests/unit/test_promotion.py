"""The policy of promotions: what it may say, and each need met or unmet with its reason."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mltools.core.approvals import Statement, statement
from mltools.core.config import parse_config
from mltools.core.events import Event, event
from mltools.core.promotion import Approval, Facts, needs_of, unhealthy
from mltools.core.release_record import Unreadable
from mltools.core.stage_policy import Stage, stages_of
from mltools.errors import ConfigError
from tests.unit.test_registry import A, B, Tag, read
from tests.unit.test_release_record import RECORD

NOW = datetime.fromtimestamp(100 * 3600, UTC)
PEOPLE = {"ada": {"gpg": "A" * 40}, "bob": {"gpg": "B" * 40}, "eve": {"github": "eve"}}


def stages(*entries: Any) -> tuple[Stage, ...]:
    tree = {"schema": 1, "people": PEOPLE, "release": {"model": "tumour", "stages": list(entries)}}
    release = parse_config(tree).release
    assert release is not None
    return stages_of(release.stages)


def facts(**changes: Any) -> Facts:
    model = read(Tag("m@v1.0.0", A, 3600), Tag("m@v2.0.0", B, 3600), Tag("m#staging#1", A, 10 * 3600)).models[
        "m"
    ]
    version = model.find("v1.0.0")
    assert version is not None
    return Facts(**{"model": model, "version": version, "record": RECORD, "now": NOW, **changes})


def told(needs: dict[str, Any], found: Facts) -> list[tuple[str, bool, str]]:
    policy = stages("dev", "staging", {"name": "prod", "needs": needs})
    return [(need.name, need.met, need.reason) for need in needs_of(policy, "prod", found)]


def test_a_bare_name_asks_for_nothing() -> None:
    policy = stages("dev", "prod", {"name": "eu/prod"})
    assert [stage.name for stage in policy] == ["dev", "prod", "eu/prod"]
    assert all(needs_of(policy, stage.name, facts()) == () for stage in policy)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["dev", "dev"], "the stage 'dev' stands there twice"),
        ([{"name": "dev", "needs": {"minimum": {"hours": 1}}}], "'dev' is the first stage"),
        (
            ["dev", {"name": "prod", "needs": {"minimum": {"stage": "staging", "hours": 1}}}],
            "'staging', which is no stage before it",
        ),
        (["dev", {"name": "prod", "needs": {"minimum": {"hours": 0}}}], "hours"),
        ([{"name": "prod", "needs": {"verdit": "passed"}}], "unknown key 'verdit'; did you mean 'verdict'"),
        ([{"name": "prod", "needs": {"verdict": "failed"}}], "'failed' is not one of 'passed'"),
        ([{"name": "prod", "needs": {"approvals": {"by": []}}}], "approvals.by"),
        (
            [{"name": "prod", "needs": {"approvals": {"by": ["adda"]}}}],
            "release: 'adda' is not among the people; did you mean 'ada'",
        ),
        (
            [{"name": "prod", "needs": {"approvals": {"by": ["ada", "ada"], "count": 2}}}],
            "asks for 2 approvals, and 1 may give one",
        ),
        (
            [{"name": "prod", "needs": {"approvals": {"by": ["eve"]}}}],
            "'eve' may approve for 'prod' and has neither",
        ),
        ([{"name": "a b"}], "name"),
        ([{"needs": {}}], r"stages\[0\].name: is missing"),
        ([5], r"stages\[0\]"),
        (["prod "], r"stages\[0\]"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(entries: list[Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        stages(*entries)


def test_a_signature_that_nobody_could_give_is_not_asked_for() -> None:
    tree = {
        "schema": 1,
        "people": {"eve": {"github": "eve"}},
        "release": {"model": "tumour", "stages": [{"name": "prod", "needs": {"signed": True}}]},
    }
    with pytest.raises(ConfigError, match="'prod' needs a signed tag, and none of the people has"):
        parse_config(tree)


def test_the_verdict_is_that_of_the_release_record() -> None:
    assert told({"verdict": "passed"}, facts()) == [("verdict", True, "is passed")]
    gone = facts(record=Unreadable("its message holds no release record"))
    assert told({"verdict": "passed"}, gone)[0][1:] == (
        False,
        "must be passed, and is not known: its message holds no release record",
    )


@pytest.mark.parametrize(
    ("minimum", "met", "said"),
    [
        ({"hours": 90}, True, "was 90.0 h of 90 h in staging"),
        ({"hours": 90.5}, False, "must be 90.5 h in staging, and was 90.0 h; 30 min are left"),
        ({"stage": "dev", "hours": 1}, False, "must be 1 h in dev, and was never there"),
    ],
)
def test_time_is_that_in_the_stage_before_or_in_the_one_that_is_named(
    minimum: dict[str, Any], *, met: bool, said: str
) -> None:
    assert told({"minimum": minimum}, facts()) == [("minimum", met, said)]


def test_time_ends_when_another_version_takes_the_stage() -> None:
    model = read(
        Tag("m@v1.0.0", A, 0),
        Tag("m@v2.0.0", B, 0),
        Tag("m#staging#1", A, 10 * 3600),
        Tag("m#staging#2", B, 12 * 3600),
    ).models["m"]
    found = facts(model=model)
    assert told({"minimum": {"hours": 24}}, found)[0][2] == (
        "must be 24 h in staging, and was 2.0 h, and staging holds another version now"
    )


def test_a_signature_must_be_of_one_of_the_people() -> None:
    assert told({"signed": True}, facts(signer="ada")) == [("signed", True, "by ada")]
    assert told({"signed": True}, facts())[0][1] is False
    assert told({"signed": False}, facts()) == []


def test_approvals_count_once_for_each_person_who_may() -> None:
    wanted = {"approvals": {"by": ["ada", "bob"], "count": 2}}
    given = (Approval("ada", "Ada", "t"), Approval("ada", "Ada", "t"), Approval(None, "Bob", "t"))
    name, met, said = told(wanted, facts(approvals=given))[0]
    assert (name, met) == ("approvals", False)
    assert said == (
        "1 of 2 (ada); bob may give one: mltools model approve m@v1.0.0 --stage prod "
        "(1 more is without proof, so it does not count)"
    )
    more = (*given, Approval("bob", "Bob", "t"))
    assert told(wanted, facts(approvals=more)) == [("approvals", True, "by ada, bob")]


def monitoring(state: Any, hour: int, kind: str = "monitor", stage: str | None = "staging") -> Event:
    when = datetime.fromtimestamp(hour * 3600, UTC)
    return event(kind, "m", when=when, version="v1.0.0", stage=stage, details={"state": state})


def test_the_newest_monitoring_counts() -> None:
    wanted = {"monitor": "healthy"}
    assert told(wanted, facts())[0][1:] == (
        False,
        "must be healthy, and no monitoring of this version is known",
    )
    well, ill = monitoring("healthy", 20), monitoring("broken", 10)
    assert told(wanted, facts(events=(ill, well)))[0][1:] == (True, "healthy in staging at 1970-01-01T20:00Z")
    ill = monitoring("drifting", 30)
    assert told(wanted, facts(events=(well, ill)))[0][1:] == (
        False,
        "must be healthy, and was drifting in staging at 1970-01-02T06:00Z",
    )
    assert told(wanted, facts(events=(monitoring(5, 1),)))[0][1] is False


def test_a_look_back_at_an_old_window_is_not_the_newest_monitoring() -> None:
    odd = event(
        "monitor", "m", when=datetime.fromtimestamp(30 * 3600, UTC), version="v1.0.0", stage="staging",
        details={"state": "broken", "window": {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T01:00:00Z"}},
    )  # fmt: skip
    seen = (monitoring("healthy", 20), odd)
    assert told({"monitor": "healthy"}, facts(events=seen))[0][1] is True
    assert unhealthy(seen, "staging") is None


def test_every_need_is_told_at_once() -> None:
    everything = {
        "verdict": "passed",
        "minimum": {"hours": 1_000},
        "signed": True,
        "approvals": {"by": ["ada"]},
        "monitor": "healthy",
    }
    found = told(everything, facts(record=Unreadable("gone")))
    assert [name for name, met, _ in found if not met] == [
        "verdict",
        "minimum",
        "signed",
        "approvals",
        "monitor",
    ]


def test_what_was_broken_last_in_a_stage_is_unhealthy_there() -> None:
    assert unhealthy((), "staging") is None
    assert unhealthy((monitoring("broken", 1), monitoring("healthy", 2)), "staging") is None
    why = unhealthy((monitoring("healthy", 1), monitoring("broken", 2)), "staging")
    assert why == "monitor of 1970-01-01T02:00Z says broken"
    assert unhealthy((monitoring("broken", 2),), "prod") is None
    assert unhealthy((monitoring("broken", 2, stage=None),), "prod") is not None
    assert unhealthy((monitoring("failed", 2, "deployment", "prod"), monitoring("healthy", 3)), "prod")


def test_an_approval_reads_back_what_it_says_and_nothing_else() -> None:
    meant = Statement("eu:m", "v1.0.0", "prod", A)
    assert statement(meant.message("")) == statement(meant.message("looks\n\ngood")) == meant
    other = Statement("m", "v2.0.0", "prod", B)
    assert statement(meant.message(other.message("x"))) == meant
    for text in ("", "Approve", other.message("") + "more", other.message("").replace("@v2.0.0", "@v2.0.0!")):
        assert statement(text) is None
