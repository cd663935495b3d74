"""`mltools.yaml`: the project's policy as typed, frozen values.

What DVC declares (stages, metrics, params, plots, artifacts) is not restated here. All problems are reported at once,
each with file, line and the nearest right key.
"""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mltools.core.gates import Gate
from mltools.core.sections import SectionName
from mltools.errors import ConfigError

FILE = "mltools.yaml"


def _inside(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0] or not path.isprintable():
        raise ValueError(f"{path!r} must be a path inside the project, written with /")
    return path


RelativePath = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_inside)]


class Section(BaseModel):
    """Base of all sections: frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataSource(Section):
    """A data set and the contract it is validated against."""

    path: Annotated[RelativePath, Field(description="data file, relative to the project")]
    contract: Annotated[
        RelativePath, Field(alias="schema", description="its contract, such as schemas/raw.yaml")
    ]


class Compare(Section):
    """What a run is compared with."""

    base: Annotated[str, Field(min_length=1, description="the branch that changes are compared with")] = (
        "main"
    )


class Release(Section):
    """What `mltools release` releases."""

    model: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$",
            max_length=80,
            description="name of the model, as in the `artifacts` section of dvc.yaml",
        ),
    ]
    bump: Annotated[
        Literal["contract", "patch", "minor", "major"],
        Field(
            description="which part of the version a release raises; `contract` decides by what changed: "
            "a broken data contract is major, new data, params or pipeline minor, anything else patch"
        ),
    ] = "contract"


def _once(names: tuple[SectionName, ...]) -> tuple[SectionName, ...]:
    doubled = [name for index, name in enumerate(names) if name in names[:index]]
    if doubled:
        raise ValueError(f"{doubled[0]!r} stands there twice")
    return names


class ExtraSection(Section):
    """A section of the project's own in the report."""

    title: Annotated[str, Field(min_length=1, max_length=100, description="its heading")]
    file: Annotated[
        RelativePath,
        Field(
            description="Markdown file with its text, read after the pipeline ran; at most 20,000 characters"
        ),
    ]


class Report(Section):
    """What the report of a run shows. The verdict and the footer always stand."""

    sections: Annotated[
        tuple[SectionName, ...] | None,
        Field(description="the sections, in this order; what is not named is left out; all when absent"),
        AfterValidator(lambda names: names if names is None else _once(names)),
    ] = None
    extra: Annotated[
        tuple[ExtraSection, ...],
        Field(
            max_length=10,
            description="sections of the project's own, each `{title, file}`: a Markdown file of at most 20,000 "
            "characters, read after the pipeline ran",
        ),
    ] = ()
    images: Annotated[
        Literal["none", "ref"],
        Field(
            description="where PNG plots of the pipeline are put so that comments can show them: "
            "`none`, or `ref` for the repository's own refs/mltools/images"
        ),
    ] = "none"


def _ours(requirement: str) -> str:
    if re.split(r"[\s\[=<>~!@]", requirement, maxsplit=1)[0] == "mltools":
        raise ValueError(
            "the package called 'mltools' on the index is somebody else's; ours is 'mltools-gitops'"
        )
    return requirement


class CI(Section):
    """How the forge's workflows are made."""

    provider: Annotated[Literal["github"], Field(description="the forge")] = "github"
    python: Annotated[
        str, Field(pattern=r"^3\.(1[1-9]|[2-9][0-9])$", description="Python version of the workflows, quoted")
    ] = "3.12"
    runner: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="label of the runner")
    ] = "ubuntu-latest"
    install: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            pattern=r"^[^\s'\"`$\\;&|<>]+( @ [^\s'\"`$\\;&|<>]+)?$",
            description="the requirement by which CI installs mltools: an index version or a Git URL",
        ),
        AfterValidator(_ours),
    ]
    requirements: Annotated[
        RelativePath | None, Field(description="requirements file of the project's own code")
    ] = "requirements.txt"
    timeout_minutes: Annotated[int, Field(ge=5, le=360, description="limit of the training job, minutes")] = (
        60
    )
    schedule: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$",
            description="cron expression (UTC) for runs without a push; none when absent",
        ),
    ] = None
    cache: Annotated[bool, Field(description="keep pip's and DVC's caches between runs")] = True
    forks: Annotated[
        bool, Field(description="report on pull requests from forks through a second workflow")
    ] = True
    environment: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$",
            description="the forge's environment that release and deploy run in; none when absent",
        ),
    ] = None


class Person(Section):
    """By what somebody proves to be who they are. An e-mail address in a commit is no proof."""

    ssh: Annotated[
        str | None,
        Field(
            pattern=r"^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+$",
            max_length=2_000,
            description="public SSH key that signs their commits and tags, without a comment",
        ),
    ] = None
    gpg: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9A-F]{40}([0-9A-F]{24})?$",
            description="fingerprint of the GPG key that signs them; the key itself must be in the keyring",
        ),
    ] = None
    github: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$",
            description="login on GitHub, whose word counts for commits that it has verified",
        ),
    ] = None

    @model_validator(mode="after")
    def _provable(self) -> Self:
        if self.ssh is None and self.gpg is None and self.github is None:
            raise ValueError("needs 'ssh', 'gpg' or 'github', by which they prove who they are")
        return self


class Overrides(Section):
    """Who may take a failed gate on themselves, with `mltools gate override`. Read from the base revision."""

    by: Annotated[tuple[str, ...], Field(description="names out of `people`")] = ()


def _own_names(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    names = [gate.name for gate in gates]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"two gates are called {doubled[0]!r}; give each a name of its own")
    return gates


class Config(Section):
    """The whole of mltools.yaml."""

    schema_: Annotated[Literal[1], Field(alias="schema", description="version of this file's layout")]
    data: Annotated[tuple[DataSource, ...], Field(description="data sets to validate on each run")] = ()
    gates: Annotated[
        tuple[Gate, ...], Field(description="rules that a run must meet"), AfterValidator(_own_names)
    ] = ()
    compare: Compare = Compare()
    report: Report = Report()
    release: Release | None = None
    people: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")], Person],
        Field(description="people that this file speaks of, by name"),
    ] = Field(default_factory=dict)
    overrides: Overrides = Overrides()
    ci: CI | None = None

    @field_validator("overrides")
    @classmethod
    def _known_people(cls, overrides: Overrides, info: ValidationInfo) -> Overrides:
        people = info.data.get("people", {})
        for name in overrides.by:
            if name not in people:
                close = get_close_matches(name, people, n=1)
                raise ValueError(
                    f"{name!r} is not among the people"
                    + (f"; did you mean {close[0]!r}?" if close else "; list them under `people`")
                )
        return overrides


LineOf = Callable[[Sequence[str | int]], int]
Model = TypeVar("Model", bound=BaseModel)


def parse_config(tree: Any, name: str = FILE, line_of: LineOf = lambda path: 1) -> Config:  # noqa: ARG005
    """The configuration in a YAML tree. Raises ConfigError with every problem as `name:line: path: reason`."""
    return parse_model(Config, tree, name, line_of)


def parse_model(model: type[Model], tree: Any, name: str, line_of: LineOf) -> Model:
    """A document as a value of `model`. Raises ConfigError with every problem as `name:line: path: reason`."""
    if tree is None:
        raise ConfigError(f"{name}:1: the file is empty", hint="see `mltools init` for a complete one")
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}:1: expected keys and values at the top, got {_kind(tree)}")
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        problems = tuple(
            sorted(
                {_problem(model, tree, details, name, line_of) for details in error.errors(include_url=False)}
            )
        )
        raise ConfigError(
            "\n".join(text for _, text in problems), problems=[text for _, text in problems]
        ) from error


def _problem(model: type[BaseModel], tree: Any, details: Any, name: str, line_of: LineOf) -> tuple[int, str]:
    path = _in_document(tree, details["loc"], missing=details["type"] == "missing")
    line = line_of(path)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    kind, given = details["type"], details.get("input")
    if kind == "extra_forbidden":
        parent, key = path[:-1], str(path[-1])
        inside = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in parent
        ).removeprefix(".")
        close = get_close_matches(key, _known_keys(model, details["loc"]), n=1)
        what = f"unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else "")
        return line, f"{name}:{line}: {inside + ': ' if inside else ''}{what}"
    if kind == "missing":
        what = f"{dotted}: is missing"
    elif kind in {"union_tag_invalid", "literal_error"}:
        expected = details["ctx"].get("expected_tags") or details["ctx"].get("expected")
        tag = details["ctx"].get("tag", given)
        close = get_close_matches(
            str(tag), [word.strip("' ") for word in str(expected).replace(" or ", ",").split(",")], n=1
        )
        what = f"{dotted}: {tag!r} is not one of {expected}" + (
            f"; did you mean {close[0]!r}?" if close else ""
        )
    elif kind == "union_tag_not_found":
        what = f"{dotted}.kind: is missing"
    elif kind == "value_error":
        what = f"{dotted + ': ' if dotted else ''}{details['ctx']['error']}"
    else:
        said = details["msg"].replace("valid tuple", "list").replace("valid string", "text, in quotes")
        what = f"{dotted}: {said[:1].lower()}{said[1:]}, got {_shown(given)}"
    return line, f"{name}:{line}: {what}"


def _in_document(tree: Any, loc: Sequence[str | int], *, missing: bool) -> tuple[str | int, ...]:
    """Pydantic's path without the names of union members, which the document does not hold.

    The last step of a `missing` error is the key that the document should hold.
    """
    path: list[str | int] = []
    node = tree
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(node, dict) and (step in node or (last and missing)):
            path.append(step)
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int):
            path.append(step)
            node = node[step] if step < len(node) else None
        elif not isinstance(node, dict | list) and not last:
            break
    return tuple(path)


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys that may stand where the unknown one stands."""
    known: Any = model.model_json_schema(by_alias=True)
    definitions = known.get("$defs", {})

    def resolve(node: Any) -> Any:
        while "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return node

    for step in loc[:-1]:
        known = resolve(known)
        options = known.get("oneOf") or known.get("anyOf") or ()
        if isinstance(step, int):
            known = known.get("items", {})
        elif "mapping" in known.get("discriminator", {}):
            known = {"$ref": known["discriminator"]["mapping"].get(step, "#/$defs/")}
        elif step in known.get("properties", {}):
            known = known["properties"][step]
        else:
            known = next(
                (resolve(option) for option in options if option.get("type") != "null"),
                known.get("additionalProperties") or {},
            )
        if isinstance(known, dict) and "anyOf" in known:
            known = next((option for option in known["anyOf"] if option.get("type") != "null"), {})
    known = resolve(known) if isinstance(known, dict) else {}
    return list(known.get("properties", {}))


def _kind(value: Any) -> str:
    return {list: "a list", str: "text", bool: "a truth value", int: "a number", float: "a number"}.get(
        type(value), type(value).__name__
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits a line
