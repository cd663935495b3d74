import pytest
from gto.constants import tag_re
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.tags import (
    Action,
    Reference,
    TagName,
    format_tag,
    model_name,
    parse_reference,
    parse_tag,
    version_tag,
    why_not,
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tumour@v1.2.3", TagName(Action.REGISTER, "tumour", version="v1.2.3")),
        ("tumour@v1.2.3-rc.1+b7#4", TagName(Action.REGISTER, "tumour", version="v1.2.3-rc.1+b7", counter=4)),
        ("tumour@v1.2.3!", TagName(Action.DEREGISTER, "tumour", version="v1.2.3")),
        ("tumour@v1.2.3!#5", TagName(Action.DEREGISTER, "tumour", version="v1.2.3", counter=5)),
        ("tumour#prod", TagName(Action.ASSIGN, "tumour", stage="prod")),
        ("tumour#prod#2", TagName(Action.ASSIGN, "tumour", stage="prod", counter=2)),
        ("tumour#prod!#3", TagName(Action.UNASSIGN, "tumour", stage="prod", counter=3)),
        ("tumour#prod/eu#3", TagName(Action.ASSIGN, "tumour", stage="prod/eu", counter=3)),
        ("tumour@deprecated", TagName(Action.DEPRECATE, "tumour")),
        ("tumour@deprecated#9", TagName(Action.DEPRECATE, "tumour", counter=9)),
        ("tumour@created", TagName(Action.CREATE, "tumour")),
        ("some/dir=tumour@v0.0.1", TagName(Action.REGISTER, "some/dir:tumour", version="v0.0.1")),
        ("a.b_c/d-e=x#prod#1", TagName(Action.ASSIGN, "a.b_c/d-e:x", stage="prod", counter=1)),
        ("x/y@v1.0.0", TagName(Action.REGISTER, "x/y", version="v1.0.0")),
        ("7@v1.0.0", TagName(Action.REGISTER, "7", version="v1.0.0")),
    ],
)
def test_a_tag_is_parsed_and_written_back(name: str, said: TagName) -> None:
    assert parse_tag(name) == said
    assert format_tag(said) == name


@pytest.mark.parametrize(
    "name",
    [
        "v1.0.0",
        "1.0.0",
        "tumour",
        "tumour@1.0.0",
        "tumour@v1.0",
        "tumour@v01.0.0",
        "tumour@v1.0.0.0",
        "tumour@V1.0.0",
        "tumour@latest",
        "tumour@v1.0.0-",
        "tumour@v1.0.0-01",
        "tumour@deprecated!",
        "tumour#",
        "tumour##1",
        "tumour#prod#",
        "tumour#prod#x",
        "-tumour@v1.0.0",
        "tumour-@v1.0.0",
        "dir:tumour@v1.0.0",
        "dir=sub=tumour@v1.0.0",
        "tümör@v1.0.0",
        "tumour@v1.0.0\n",
        "tumour@v\u0661.0.0",
        "@v1.0.0",
        "tumour@v1.0.0#prod#1",
    ],
)
def test_other_names_are_no_tags_of_the_registry(name: str) -> None:
    assert parse_tag(name) is None


names = st.from_regex(r"[ab1](?:[ab1/_-]{0,4}[ab1])?", fullmatch=True)
pieces = st.sampled_from(
    [
        "a",
        "b/c",
        "1",
        "-",
        "@",
        "#",
        "!",
        "=",
        ":",
        "v",
        "v1.0.0",
        "1.2",
        ".",
        "deprecated",
        "created",
        "rc-1",
        "+",
    ]
)


@given(st.one_of(st.lists(pieces, max_size=7).map("".join), st.text(alphabet="ab1-./_@#!=:v0+", max_size=12)))
def test_the_grammar_is_the_one_of_gto(name: str) -> None:
    theirs = tag_re.search(name)
    ours = parse_tag(name)
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert ours.model == theirs["artifact"].replace("=", ":")
        assert (ours.version, ours.stage) == (theirs["version"], theirs["stage"])
        assert ours.counter == (None if theirs["counter"] is None else int(theirs["counter"]))
        assert (ours.action in {Action.DEREGISTER, Action.UNASSIGN}) == (theirs["cancel"] == "!")


@given(names, st.none() | names, names, st.none() | st.integers(0, 99))
def test_every_name_that_is_written_can_be_read(
    model: str, directory: str | None, stage: str, counter: int | None
) -> None:
    full = model_name(directory or "", model)
    said = TagName(Action.UNASSIGN, full, stage=stage, counter=counter)
    assert parse_tag(format_tag(said)) == said


@pytest.mark.parametrize("name", ["", "-x", "x y", "x@y", "a=b", "ü"])
def test_what_the_grammar_cannot_say_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no tag can say"):
        version_tag(name, "v1.0.0")
    with pytest.raises(ValueError, match="cannot stand in a tag"):
        model_name("", name)


def test_a_model_in_a_directory_carries_the_directory() -> None:
    assert model_name("", "tumour") == "tumour"
    assert model_name(".", "tumour") == "tumour"
    assert model_name("services/eu/", "tumour") == "services/eu:tumour"
    assert version_tag("services/eu:tumour", "v1.0.0") == "services/eu=tumour@v1.0.0"
    with pytest.raises(ValueError, match=r"'my dir:tumour' cannot stand in a tag"):
        model_name("my dir", "tumour")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("tumour", Reference("tumour")),
        ("tumour@v1.0.0", Reference("tumour", version="v1.0.0")),
        ("tumour@latest", Reference("tumour", latest=True)),
        ("tumour@greatest", Reference("tumour", latest=True)),
        ("tumour#prod", Reference("tumour", stage="prod")),
        ("dir:tumour@v1.0.0", Reference("dir:tumour", version="v1.0.0")),
        ("dir=tumour@v1.0.0", Reference("dir:tumour", version="v1.0.0")),
    ],
)
def test_a_person_names_a_model_a_version_or_a_stage(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["", "tumour@", "tumour@1.0.0", "tumour@main", "-o", "a b", "tumour#prod#1"])
def test_other_references_are_refused(text: str) -> None:
    assert parse_reference(text) is None


def test_a_tag_that_only_looks_like_one_says_why() -> None:
    assert why_not("tumour@1.0.0") == "versions start with v: tumour@v1.0.0"
    assert "neither NAME@vX.Y.Z" in (why_not("tumour@release") or "")
    assert "neither NAME@vX.Y.Z" in (why_not("issue#12 fixed") or "")
    assert why_not("v1.0.0") is None
