"""What stages held over time; the end of it is what the fold says."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mltools.core.registry import Model, read_registry
from mltools.core.registry_time import before, hours_in, periods
from mltools.core.tags import Action, TagName, format_tag
from tests.unit.test_registry import A, B, C, Tag, read

HOUR = 3600
TAGS = (
    Tag("m@v1.0.0", A, 1 * HOUR),
    Tag("m@v2.0.0", B, 2 * HOUR),
    Tag("m#prod#1", A, 3 * HOUR),
    Tag("m#dev#2", B, 3 * HOUR),
    Tag("m#prod#3", B, 5 * HOUR),
    Tag("m#prod#4", A, 6 * HOUR),
    Tag("m#prod!#5", A, 9 * HOUR),
)


def model(*tags: Tag) -> Model:
    return read(*tags).models["m"]


def told(found: Model, stage: str = "prod") -> list[tuple[str, int, int | None]]:
    return [
        (one.version.version, one.since // HOUR, None if one.until is None else one.until // HOUR)
        for one in periods(found, stage)
    ]


def test_a_stage_holds_one_version_after_another() -> None:
    assert told(model(*TAGS)) == [
        ("v1.0.0", 3, 5),
        ("v2.0.0", 5, 6),
        ("v1.0.0", 6, 9),
        ("v2.0.0", 9, None),
    ]
    assert told(model(*TAGS), "dev") == [("v2.0.0", 3, None)]
    assert told(model(*TAGS), "nothing") == []


def test_a_version_that_is_taken_back_leaves_its_stages_and_may_come_back() -> None:
    tags = (*TAGS[:3], Tag("m@v1.0.0!#2", A, 4 * HOUR))
    assert told(model(*tags)) == [("v1.0.0", 3, 4)]
    assert told(model(*tags, Tag("m@v1.0.0#3", A, 7 * HOUR))) == [("v1.0.0", 3, 4), ("v1.0.0", 7, None)]


def test_the_same_version_put_there_again_is_one_period() -> None:
    again = model(*TAGS[:3], Tag("m#prod#9", A, 7 * HOUR))
    assert told(again) == [("v1.0.0", 3, None)]
    assert again.stages["prod"][0].event.tag == "m#prod#9"


def test_hours_add_up_and_the_last_ones_end_now() -> None:
    found = model(*TAGS)
    first, second = found.find("v1.0.0"), found.find("v2.0.0")
    assert first is not None
    assert second is not None
    assert hours_in(found, "prod", first, 100 * HOUR) == 5
    assert hours_in(found, "prod", second, 10 * HOUR) == 2
    # A clock that is behind the tags gives no time back.
    assert hours_in(found, "prod", second, 0) == 1
    assert hours_in(found, "dev", first, 100 * HOUR) == 0


def test_a_model_can_be_asked_as_of_a_moment() -> None:
    found = model(*TAGS)
    then = before(found, 5 * HOUR)
    assert then is not None
    held = then.in_stage("prod")
    assert held is not None
    assert held.version == "v2.0.0"
    assert before(found, HOUR - 1) is None


COMMITS = (A, B, C)


@st.composite
def histories(draw: st.DrawFn) -> list[Tag]:
    """Any tags of one model at three commits, in any order, also several at one second."""
    tags: dict[str, Tag] = {}
    for counter in range(draw(st.integers(1, 12))):
        action = draw(st.sampled_from([Action.REGISTER, Action.DEREGISTER, Action.ASSIGN, Action.UNASSIGN]))
        at = draw(st.integers(0, 2))
        version = f"v{draw(st.sampled_from([at, at, at, 9]))}.0.0"
        said = (
            TagName(action, "m", version=version, counter=draw(st.sampled_from([None, counter])))
            if action in {Action.REGISTER, Action.DEREGISTER}
            else TagName(action, "m", stage=draw(st.sampled_from(["dev", "prod"])), counter=counter)
        )
        name = format_tag(said)
        tags[name] = Tag(f"refs/tags/{name}", COMMITS[at], draw(st.integers(0, 6)))
    return list(tags.values())


@given(histories())
def test_the_last_period_is_what_the_stage_holds(tags: list[Tag]) -> None:
    found = read_registry(tags).models["m"]
    for stage in ("dev", "prod"):
        past = periods(found, stage)
        held = found.in_stage(stage)
        now = past[-1].version if past and past[-1].until is None else None
        assert (now and now.commit) == (held and held.commit)
        for one, other in pairwise(past):
            assert one.until is not None
            assert one.since <= one.until <= other.since
            if one.until == other.since:
                assert one.version.commit != other.version.commit or one.ended != other.event


@given(histories(), st.integers(0, 6))
def test_the_periods_tell_what_was_there_at_any_moment(tags: list[Tag], when: int) -> None:
    """Where nothing was registered, or taken back, later: GTO's state looks at those first, whenever they came."""
    tags = [tag for tag in tags if "@" not in tag.name]
    if not tags:
        return
    spread = [replace(tag, when=index) for index, tag in enumerate(tags)]
    found = read_registry(spread).models["m"]
    then = before(found, when)
    for stage in ("dev", "prod"):
        there = [
            one
            for one in periods(found, stage)
            if one.since <= when and (one.until is None or when < one.until)
        ]
        held = then.in_stage(stage) if then is not None else None
        assert [one.version.commit for one in there] == ([held.commit] if held is not None else [])
