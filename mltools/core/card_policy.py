"""What only people can say about a model: the `model_card` section of mltools.yaml."""

from typing import Annotated

from pydantic import Field

from mltools.core.strict import Section

FILE = "MODEL_CARD.md"

Words = Annotated[str, Field(min_length=1, max_length=5_000)]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")]


class ModelCard(Section):
    """What a version's MODEL_CARD.md says beside what mltools knows: plain text, no Markdown."""

    intended_use: Annotated[Words | None, Field(description="what the model is for, and for whom")] = None
    out_of_scope: Annotated[Words | None, Field(description="what it must not be used for")] = None
    limits: Annotated[
        tuple[Words, ...], Field(max_length=50, description="what is known not to work, or was not looked at")
    ] = ()
    contact: Annotated[
        str | None, Field(min_length=1, max_length=500, description="whom to ask, as readers shall see it")
    ] = None
    license: Annotated[
        Slug | None, Field(description="the model's licence, by its SPDX name such as Apache-2.0")
    ] = None
    license_link: Annotated[
        str | None,
        Field(
            pattern=r"^https://[^\s<>\"'`]+$",
            max_length=500,
            description="where a licence is that hubs do not know",
        ),
    ] = None
    language: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], ...],
        Field(max_length=50, description="languages of the data, as two or three letters"),
    ] = ()
    tags: Annotated[
        tuple[Slug, ...], Field(max_length=50, description="words that a hub files it under")
    ] = ()
    task: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z][a-z0-9-]{1,60}$",
            description="the task in a hub's words, such as tabular-classification; from the data contract when absent",
        ),
    ] = None
    library: Annotated[
        Slug | None, Field(description="the library that loads the model; from the file's suffix when absent")
    ] = None


NOTHING_SAID = ModelCard()
