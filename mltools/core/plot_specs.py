"""The plots that dvc.yaml declares, at its top or as outputs of stages, as far as a report can draw them.

https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#plots
"""

from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any

from mltools.core.stages import PlotSpec, StageSpec


def plot_specs(tree: Any, stages: tuple[StageSpec, ...]) -> tuple[PlotSpec, ...]:
    """The plots in the tree of a dvc.yaml, a file that several mean by the first that says how. Judges nothing."""
    if not isinstance(tree, Mapping):
        return ()
    found: dict[str, PlotSpec] = {}
    for spec in (*_top(tree.get("plots")), *_outputs(tree.get("stages"), stages)):
        found.setdefault(f"{spec.path}\0{spec.files}", spec)
    declared = [spec for spec in found.values() if spec.files[0][1]]
    named = {spec.path for spec in declared}
    return tuple(spec for spec in found.values() if spec.files[0][1] or spec.path not in named)


def _top(tree: Any) -> Iterator[PlotSpec]:
    for item in tree if isinstance(tree, list) else ():
        if isinstance(item, str):
            yield PlotSpec(((normpath(item), ()),))
        for name, options in (item if isinstance(item, Mapping) else {}).items():
            yield _spec(str(name), options if isinstance(options, Mapping) else {})


def _outputs(tree: Any, stages: tuple[StageSpec, ...]) -> Iterator[PlotSpec]:
    for stage in stages:
        body = tree.get(stage.name) if isinstance(tree, Mapping) else None
        plots = body.get("plots") if isinstance(body, Mapping) else None
        for item in plots if isinstance(plots, list) else ():
            entries = item if isinstance(item, Mapping) else {item: {}}
            for name, options in entries.items():
                yield _spec(stage.place(str(name)), options if isinstance(options, Mapping) else {})


def _spec(name: str, options: Mapping[str, Any]) -> PlotSpec:
    x, y = options.get("x"), options.get("y")
    if isinstance(y, Mapping):
        files = tuple((normpath(str(file)), _columns(column)) for file, column in y.items())
    elif isinstance(x, Mapping):
        files = tuple((normpath(str(file)), _columns(y)) for file in x)
    else:
        files = ((normpath(name), _columns(y)),)
    if isinstance(x, Mapping):
        x = next((column for column in x.values() if isinstance(column, str)), "")
    texts = {key: _text(options.get(key)) for key in ("template", "title", "x_label", "y_label")}
    return PlotSpec(files or ((normpath(name), ()),), x=_text(x), **texts)


def _columns(tree: Any) -> tuple[str, ...]:
    if isinstance(tree, list):
        return tuple(str(column) for column in tree)
    return (str(tree),) if isinstance(tree, str) and tree else ()


def _text(value: Any) -> str:
    return value[:500] if isinstance(value, str) else ""
