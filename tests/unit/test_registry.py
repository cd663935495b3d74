from dataclasses import dataclass

from mltools.core.registry import Registry, read_registry

A, B, C = "a" * 40, "b" * 40, "c" * 40


@dataclass(frozen=True)
class Tag:
    name: str
    commit: str | None
    when: int = 0
    kind: str = "tag"
    tagger: str = "A Tester"
    message: str = ""


def read(*tags: Tag) -> Registry:
    return read_registry(Tag(f"refs/tags/{tag.name}", tag.commit, tag.when, tag.kind) for tag in tags)


def latest(registry: Registry, model: str = "m") -> str | None:
    version = registry.models[model].latest
    return version.version if version else None


def holder(registry: Registry, stage: str = "prod", model: str = "m") -> str | None:
    version = registry.models[model].in_stage(stage)
    return version.version if version else None


def test_no_tags_are_an_empty_registry() -> None:
    assert read() == Registry({})


def test_the_latest_version_is_the_highest_and_not_the_newest() -> None:
    registry = read(Tag("m@v0.10.0", A, 1), Tag("m@v0.9.1", B, 2), Tag("m@v0.10.0-rc.1", C, 3))
    assert latest(registry) == "v0.10.0"
    assert [version.version for version in registry.models["m"].versions] == [
        "v0.10.0",
        "v0.10.0-rc.1",
        "v0.9.1",
    ]
    assert registry.odd == ()


def test_a_version_that_was_taken_back_is_not_the_latest_and_may_come_back() -> None:
    tags = [Tag("m@v1.0.0", A, 1), Tag("m@v1.1.0", B, 2), Tag("m@v1.1.0!", B, 3)]
    assert latest(read(*tags)) == "v1.0.0"
    assert latest(read(*tags, Tag("m@v1.1.0#4", B, 4))) == "v1.1.0"


def test_a_stage_holds_what_was_assigned_last() -> None:
    tags = [
        Tag("m@v1.0.0", A, 1),
        Tag("m@v1.1.0", B, 2),
        Tag("m#prod#1", A, 3),
        Tag("m#prod#2", B, 4),
    ]
    assert holder(read(*tags)) == "v1.1.0"
    back = read(*tags, Tag("m#prod#3", A, 5))
    assert holder(back) == "v1.0.0"
    model = back.models["m"]
    assert [placement.version.version for placement in model.stages["prod"]] == ["v1.0.0", "v1.1.0"]
    assert [model.stages_of(version) for version in model.versions] == [(), ("prod",)]
    assert model.next_counter == 4
    taken = read(*tags, Tag("m#prod#3", A, 5), Tag("m#prod!#4", A, 6))
    assert holder(taken) == "v1.1.0"


def test_events_of_the_same_second_count_by_their_number() -> None:
    tags = [Tag("m@v1.0.0", A, 1), Tag("m@v1.1.0", B, 1)]
    assert (
        holder(read(*tags, Tag("m#prod#2", A, 5), Tag("m#prod#10", B, 5), Tag("m#prod#9", A, 5))) == "v1.1.0"
    )
    assert holder(read(*tags, Tag("m#prod#1", A, 5), Tag("m#prod!#2", A, 5))) is None
    assert holder(read(*tags, Tag("m#prod#3", A, 5), Tag("m#prod!#2", A, 5))) == "v1.0.0"
    assert latest(read(Tag("m@v1.0.0", A, 1), Tag("m@v1.0.0!", A, 1))) is None


def test_a_stage_tag_before_its_version_belongs_to_it_all_the_same() -> None:
    assert holder(read(Tag("m#prod#1", A, 1), Tag("m@v1.0.0", A, 2))) == "v1.0.0"


def test_a_commit_without_a_version_can_hold_a_stage() -> None:
    registry = read(Tag("m#prod#1", A, 1))
    assert holder(registry) == A
    assert latest(registry) is None
    assert holder(read(Tag("m#prod#1", A, 1), Tag("m#prod!#2", A, 2))) is None


def test_a_stage_does_not_hold_a_version_that_was_taken_back() -> None:
    assert holder(read(Tag("m@v1.0.0", A, 1), Tag("m#prod#1", A, 2), Tag("m@v1.0.0!", A, 3))) is None


def test_a_deprecated_model_is_retired_until_something_happens_to_it() -> None:
    tags = [Tag("m@v1.0.0", A, 1), Tag("m@deprecated", A, 2)]
    assert not read(*tags).models["m"].active
    assert read(*tags, Tag("m@v1.1.0", B, 3)).models["m"].active
    assert read(Tag("m@v1.0.0", A, 1), Tag("m@deprecated", A, 1)).models["m"].active


def test_a_created_model_is_known_without_a_version() -> None:
    registry = read(Tag("m@created", A, 1))
    assert registry.models["m"].active
    assert registry.models["m"].versions == ()


def test_models_do_not_mix_and_directories_are_part_of_the_name() -> None:
    registry = read(Tag("dir=m@v1.0.0", A, 1), Tag("m@v2.0.0", A, 2), Tag("m2#prod#1", A, 3))
    assert list(registry.models) == ["dir:m", "m", "m2"]
    assert latest(registry, "dir:m") == "v1.0.0"


def test_an_odd_tag_is_reported_and_blinds_nothing() -> None:
    registry = read(
        Tag("v1.0.0", A),
        Tag("m@v1.0.0", A, 1),
        Tag("m@1.0.0", A),
        Tag("m@main", A),
        Tag("m@v1.1.0", B, 2, kind="commit"),
        Tag("m@v1.2.0", None, 2),
        Tag("m@v1.3.0", B, 10**12),
        Tag("m#prod#1", A, 10**18),
    )
    assert latest(registry) == "v1.0.0"
    assert {one.tag: one.reason for one in registry.odd} == {
        "m@1.0.0": "versions start with v: m@v1.0.0",
        "m@main": "neither NAME@vX.Y.Z nor NAME#STAGE#N, so nothing can be read from it",
        "m@v1.1.0": "a lightweight tag, which holds no date, author or record; passed over, as GTO does",
        "m@v1.2.0": "does not point at a commit",
        "m@v1.3.0": "is dated after the year 9998: the clock that made it was wrong",
        "m#prod#1": "is dated after the year 9998: the clock that made it was wrong",
    }


def test_a_stage_tag_on_a_commit_with_two_versions_says_nothing() -> None:
    registry = read(
        Tag("m@v1.0.0", A, 1),
        Tag("m@v1.1.0", A, 2),
        Tag("m#prod#1", A, 3),
        Tag("m@v2.0.0", B, 4),
        Tag("m#dev#2", B, 5),
    )
    assert holder(registry) is None
    assert holder(registry, "dev") == "v2.0.0"
    assert [(one.tag, one.reason) for one in registry.odd] == [
        ("m#prod#1", "its commit holds v1.0.0 and v1.1.0, so it does not say which is meant")
    ]


def test_a_version_taken_back_or_registered_at_another_commit_is_odd() -> None:
    elsewhere = read(Tag("m@v1.0.0", A, 1), Tag("m@v1.0.0!", B, 2))
    assert latest(elsewhere) == "v1.0.0"
    assert elsewhere.odd[0].reason == "takes v1.0.0 back at a commit where it was never registered"
    twice = read(Tag("m@v1.0.0", A, 1), Tag("m@v1.0.0#2", B, 2))
    assert twice.odd[0].reason == "registers v1.0.0 again, at another commit than m@v1.0.0"
    found = twice.models["m"].find("v1.0.0")
    assert found is not None
    assert found.active
    assert twice.models["m"].find("v9.9.9") is None
