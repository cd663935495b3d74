"""`mltools.yaml`: the project's policy as typed, frozen values.

What DVC declares (stages, metrics, params, plots, artifacts) is not restated here. All problems are reported at once,
each with file, line and the nearest right key.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mltools.core import urls
from mltools.core.card_policy import ModelCard
from mltools.core.forge_words import Cron, Runner
from mltools.core.gates import Gate
from mltools.core.monitor.policy import Monitor
from mltools.core.names import class_name
from mltools.core.retrain_policy import Retrain
from mltools.core.sections import SectionName
from mltools.core.serving import Serve
from mltools.core.stage_policy import Stages, stages_of
from mltools.core.strict import LineOf, Section, parse_model

FILE = "mltools.yaml"
MOST_SCORES = 1_000


def _inside(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0] or not path.isprintable():
        raise ValueError(f"{path!r} must be a path inside the project, written with /")
    return path


RelativePath = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_inside)]
DataPath = Annotated[
    str,
    Field(min_length=1, max_length=500),
    AfterValidator(lambda path: urls.checked(path) if urls.is_url(path) else _inside(path)),
]


class DataSource(Section):
    """A data set and the contract it is validated against."""

    path: Annotated[
        DataPath,
        Field(
            description="data file, or directory of part files, relative to the project; or its address, such as "
            "s3://bucket/data/raw.csv or remote://NAME/raw.csv, read with the settings of DVC's remotes"
        ),
    ]
    contract: Annotated[
        RelativePath, Field(alias="schema", description="its contract, such as schemas/raw.yaml")
    ]


def _class(key: Any) -> Any:
    """A class that YAML reads as a number, as the text that stands for it."""
    return class_name(key) if isinstance(key, int | float) else key


class Predictions(Section):
    """What the model said of each test row, in a table that the pipeline writes (CSV, TSV, JSON lines or Parquet).

    Gates of kind significance, slice and fairness are judged by it. Small files (under 1 MB) are kept with the record;
    larger ones come from DVC.
    """

    path: Annotated[RelativePath, Field(description="the file, such as reports/predictions.csv")]
    id: Annotated[str, Field(min_length=1, description="column that names the row")] = "id"
    target: Annotated[str, Field(min_length=1, description="column with the truth")] = "y"
    prediction: Annotated[str | None, Field(min_length=1, description="column with the predicted class")] = (
        None
    )
    score: Annotated[
        str | None,
        Field(
            min_length=1,
            description="column with the probability of the positive class, or with the predicted number",
        ),
    ] = None
    scores: Annotated[
        dict[Annotated[str, BeforeValidator(_class)], Annotated[str, Field(min_length=1)]],
        Field(
            max_length=MOST_SCORES,
            description="columns with the probability of each of several classes, as `class: column`; for log_loss, brier, roc_auc, average_precision",
        ),
    ] = Field(default_factory=dict)
    group: Annotated[
        str | None,
        Field(min_length=1, description="column that says which rows belong together, such as a patient"),
    ] = None
    positive: Annotated[
        int | float | str | bool | None,
        Field(description="the positive class, where the target is not 0 or 1"),
    ] = None

    @model_validator(mode="after")
    def _something_said(self) -> Self:
        if self.prediction is None and self.score is None and not self.scores:
            raise ValueError("needs 'prediction', 'score' or both: the column with what the model said")
        return self


class Compare(Section):
    """What a run is compared with."""

    base: Annotated[str, Field(min_length=1, description="the branch that changes are compared with")] = (
        "main"
    )
    predictions: Annotated[
        Predictions | None, Field(description="per-row predictions, for comparisons beyond chance")
    ] = None
    renamed: Annotated[
        dict[str, str],
        Field(
            description="metrics that are called otherwise in this change than in the base, as `new name: old name`"
        ),
    ] = Field(default_factory=dict)


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
            "a broken data contract is major, new data, new columns or a gain beyond noise minor, anything else patch"
        ),
    ] = "contract"
    stages: Annotated[
        Stages,
        Field(
            max_length=20,
            description="the stages of the models here in their order: names, or `{name, needs}` with what a version "
            "needs to be promoted there; any stage goes when absent",
        ),
    ] = ()


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
        Literal["none", "ref", "release", "s3"],
        Field(
            description="where PNG plots of the pipeline are put so that comments can show them: `none`, `ref` for the "
            "repository's own refs/mltools/images, `release` for a forge release of each month, `s3` for a bucket"
        ),
    ] = "none"
    images_to: Annotated[
        str | None,
        Field(
            pattern=r"^s3://[^/\s]+(/[^\s]*)?$",
            description="with `s3`: the place in the bucket, written with DVC's settings for that bucket",
        ),
    ] = None
    images_at: Annotated[
        str | None,
        Field(
            pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s@?#]+$",
            description="with `s3`: the address at which readers find what lies there, without signing in",
        ),
    ] = None

    @model_validator(mode="after")
    def _images_placed(self) -> Self:
        given = [name for name in ("images_to", "images_at") if getattr(self, name) is not None]
        if self.images == "s3" and len(given) < 2:  # noqa: PLR2004 - both
            raise ValueError("images: s3 needs both 'images_to' and 'images_at'")
        if self.images != "s3" and given:
            raise ValueError(f"{given[0]!r} goes with images: s3 alone")
        return self


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
    runner: Annotated[Runner, Field(description="label of the runner")] = "ubuntu-latest"
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
        Cron | None,
        Field(description="cron expression (UTC) for runs without a push; none when absent"),
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

    @property
    def has_key(self) -> bool:
        """Whether a signature of theirs can be checked without a forge."""
        return self.ssh is not None or self.gpg is not None

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
    people: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")], Person],
        Field(description="people that this file speaks of, by name"),
    ] = Field(default_factory=dict)
    release: Release | None = None
    model_card: ModelCard = ModelCard()
    overrides: Overrides = Overrides()
    monitor: Monitor = Monitor()
    serve: Serve = Serve()
    retrain: Retrain | None = None
    ci: CI | None = None

    @field_validator("release")
    @classmethod
    def _known_approvers(cls, release: Release | None, info: ValidationInfo) -> Release | None:
        people = info.data.get("people", {})
        for stage in stages_of(release.stages if release is not None else ()):
            for name in stage.needs.approvals.by if stage.needs.approvals is not None else ():
                _among(people, (name,))
                if not people[name].has_key:
                    raise ValueError(
                        f"{name!r} may approve for {stage.name!r} and has neither 'ssh' nor 'gpg': only a key proves it"
                    )
            if stage.needs.signed and not any(person.has_key for person in people.values()):
                raise ValueError(
                    f"{stage.name!r} needs a signed tag, and none of the people has 'ssh' or 'gpg'"
                )
        return release

    @field_validator("overrides")
    @classmethod
    def _known_people(cls, overrides: Overrides, info: ValidationInfo) -> Overrides:
        _among(info.data.get("people", {}), overrides.by)
        return overrides


def _among(people: Mapping[str, Person], names: Iterable[str]) -> None:
    for name in names:
        if name not in people:
            close = get_close_matches(name, people, n=1)
            raise ValueError(
                f"{name!r} is not among the people"
                + (f"; did you mean {close[0]!r}?" if close else "; list them under `people`")
            )


def parse_config(tree: Any, name: str = FILE, line_of: LineOf = lambda path: 1) -> Config:  # noqa: ARG005
    """The configuration in a YAML tree. Raises ConfigError with every problem as `name:line: path: reason`."""
    return parse_model(Config, tree, name, line_of)
