"""Stages, files and artifacts as dvc.yaml declares and dvc.lock knows them, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import Any

Command = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """An output as a stage declares it; `path` counts from the stage's working directory, as in dvc.lock."""

    path: str
    cache: bool = True
    push: bool = True
    persist: bool = False
    metric: bool = False
    plot: bool = False


@dataclass(frozen=True, slots=True)
class ParamsSpec:
    """Params that a stage depends on: keys of a file, the whole file when there are none."""

    path: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage of dvc.yaml. `wdir` is "" for the project directory; `place` makes a path the project's."""

    name: str
    cmd: Command
    wdir: str = ""
    deps: tuple[str, ...] = ()
    params: tuple[ParamsSpec, ...] = ()
    outs: tuple[OutputSpec, ...] = ()
    frozen: bool = False
    always_changed: bool = False

    def place(self, path: str) -> str:
        """A path of this stage, from the project directory."""
        return normpath(join(self.wdir, path))


@dataclass(frozen=True, slots=True)
class Artifact:
    """A named artifact, such as a model; `path` counts from the project directory."""

    path: str
    type: str | None = None
    desc: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlotSpec:
    """One plot. `files` are the files its values come from, each with the columns that are drawn (none: the last one).

    `x` is the column of the other axis, "" for the row's number.
    """

    files: tuple[tuple[str, tuple[str, ...]], ...]
    x: str = ""
    template: str = ""
    title: str = ""
    x_label: str = ""
    y_label: str = ""

    @property
    def path(self) -> str:
        """The file that stands for the plot."""
        return self.files[0][0]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """dvc.yaml. Files are paths from the project directory; `unsure` says why only DVC knows the whole.

    `plots` are the plots' files, `drawn` how each is drawn.
    """

    stages: tuple[StageSpec, ...] = ()
    metrics: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    drawn: tuple[PlotSpec, ...] = ()
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    unsure: str | None = None

    def stage(self, name: str) -> StageSpec | None:
        """The stage that makes `name`, also where `name` is one of a foreach or matrix stage's, as `train@2`."""
        group = name.partition("@")[0]
        return next((stage for stage in self.stages if stage.name in {name, group}), None)


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file or directory as dvc.lock or a .dvc file knows it; a directory's md5 ends in `.dir`."""

    path: str
    md5: str | None = None
    size: int | None = None
    nfiles: int | None = None
    hash: str | None = "md5"

    @property
    def is_dir(self) -> bool:
        return self.md5 is not None and self.md5.endswith(".dir")


@dataclass(frozen=True, slots=True)
class LockedStage:
    """A stage's entry in dvc.lock; `md5` is the hash of the entry itself, equal for equal runs."""

    name: str
    cmd: Command
    deps: tuple[LockedFile, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outs: tuple[LockedFile, ...] = ()
    md5: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """dvc.lock: what each stage was last run with and left."""

    stages: Mapping[str, LockedStage] = field(default_factory=dict)
    unsure: str | None = None
