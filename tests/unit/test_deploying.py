import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core import deploying
from mltools.errors import UsageError
from tests.unit.test_release_record import RECORD

NAME = re.compile(r"[a-z]([a-z0-9-]{0,48}[a-z0-9])?")
MODELS = st.from_regex(
    r"([A-Za-z0-9_./-]{1,40}:)?[a-zA-Z0-9]([a-zA-Z0-9/_-]{0,60}[a-zA-Z0-9])?", fullmatch=True
)


@given(MODELS)
def test_every_models_name_becomes_one_that_clusters_take(model: str) -> None:
    assert NAME.fullmatch(deploying.dns_name(model)), deploying.dns_name(model)


@given(MODELS, MODELS)
def test_two_models_keep_two_names(one: str, other: str) -> None:
    assert (one == other) == (deploying.dns_name(one) == deploying.dns_name(other))


def test_a_name_that_is_fine_stays() -> None:
    assert deploying.dns_name("tumour") == "tumour"
    assert deploying.dns_name("models/a:Toy").startswith("models-a-toy-")


@given(st.text(max_size=100))
def test_every_text_becomes_a_labels_value(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", deploying.label_value(text))


@pytest.mark.parametrize(
    ("given_name", "image"),
    [
        (None, "tumour:0.2.0"),
        ("registry.example/team/tumour", "registry.example/team/tumour:0.2.0"),
        ("registry.example:5000/tumour", "registry.example:5000/tumour:0.2.0"),
        ("tumour:prod", "tumour:prod"),
        (f"tumour@sha256:{'a' * 64}", f"tumour@sha256:{'a' * 64}"),
    ],
)
def test_an_image_is_tagged_by_the_version_unless_it_says_which(given_name: str | None, image: str) -> None:
    assert deploying.image_of(RECORD, given_name) == image


@pytest.mark.parametrize(
    "name", ["Tumour", "", "a b", "a:", "https://a/b", "$(x)", "a@sha256:1", "-a", "a//b"]
)
def test_what_names_no_image_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="names no image"):
        deploying.image_of(RECORD, name or " ")


def test_a_base_says_which_one_it_is() -> None:
    assert deploying.base_of("python:3.12-slim") == "python:3.12-slim"
    digest = f"registry.example:5000/python@sha256:{'a' * 64}"
    assert deploying.base_of(digest) == digest
    for name in ("python", "registry.example:5000/python", "Python:3", "$(x):1"):
        with pytest.raises(UsageError, match="names no image to build on"):
            deploying.base_of(name)


def test_a_build_in_a_version_fits_a_tag() -> None:
    assert deploying.image_of(replace(RECORD, version="v1.0.0-rc.1+build"), None) == "tumour:1.0.0-rc.1-build"


def test_differences_name_each_file_once() -> None:
    assert deploying.differences({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == (
        "a is missing",
        "b is another one",
        "c does not belong there",
    )
    assert deploying.differences({"a": "1"}, {"a": "1"}) == ()
    there = {"d/a": "1", "d/b": "2", "serving/bin/x": "3", "serving/y": "4", "z": "5"}
    assert deploying.differences({"d/a": "1"}, there) == (
        "d/b does not belong there",
        "serving/ does not belong there",
        "z does not belong there",
    )
