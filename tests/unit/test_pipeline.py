from typing import Any

import pytest
import yaml

from mltools.core.pipeline import (
    conflict_line,
    metric_files,
    outputs,
    outside,
    params_files,
    parse_lock,
    parse_pipeline,
)
from mltools.core.stages import Artifact, Lock, LockedFile, OutputSpec, ParamsSpec, Pipeline, StageSpec
from mltools.edges import documents, dvcfiles
from mltools.errors import ConfigError

WHOLE = """\
stages:
  prepare:
    cmd: [a, b]
    deps: [src/prepare.py, data/raw.csv]
    params: [prepare, split.ratio]
    outs: [data/prepared]
  train:
    wdir: models
    cmd: train
    deps: [../data/prepared]
    params: [train.lr, {other.toml: [opt]}, {whole.yaml: }, {../params.yaml: [x]}]
    outs: [{model.bin: {persist: true}}]
    metrics: [{scores.json: {cache: false}}]
    plots: [{roc.csv: {x: fpr}}]
params: [extra.yaml]
metrics: [more/metrics.json]
plots:
  - hand.csv
  - ROC: {x: fpr, y: {a.csv: tpr, b.csv: tpr}}
  - loss.csv: {y: loss}
artifacts:
  tumour: {path: models/model.bin, type: model, desc: benign or not, labels: [skops]}
"""


def pipeline(text: str) -> Pipeline:
    return dvcfiles.pipeline_from(text.encode(), "dvc.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        pipeline(text)
    return list(caught.value.problems) or [caught.value.message]


def test_a_whole_pipeline_is_read() -> None:
    found = pipeline(WHOLE)
    assert found.stages == (
        StageSpec(
            name="prepare",
            cmd=("a", "b"),
            deps=("src/prepare.py", "data/raw.csv"),
            params=(ParamsSpec("params.yaml", ("prepare", "split.ratio")),),
            outs=(OutputSpec("data/prepared"),),
        ),
        StageSpec(
            name="train",
            cmd="train",
            wdir="models",
            deps=("../data/prepared",),
            params=(
                ParamsSpec("params.yaml", ("train.lr",)),
                ParamsSpec("other.toml", ("opt",)),
                ParamsSpec("whole.yaml"),
                ParamsSpec("../params.yaml", ("x",)),
            ),
            outs=(
                OutputSpec("model.bin", persist=True),
                OutputSpec("scores.json", cache=False, metric=True),
                OutputSpec("roc.csv", plot=True),
            ),
        ),
    )
    assert found.metrics == ("models/scores.json", "more/metrics.json")
    assert found.params == (
        "params.yaml",
        "models/params.yaml",
        "models/other.toml",
        "models/whole.yaml",
        "extra.yaml",
    )
    assert found.plots == ("models/roc.csv", "hand.csv", "a.csv", "b.csv", "loss.csv")
    assert found.artifacts == {
        "tumour": Artifact("models/model.bin", "model", "benign or not", ("skops",)),
    }
    assert found.unsure is None


def test_keys_of_a_file_that_is_declared_whole_do_not_count() -> None:
    found = pipeline("stages: {a: {cmd: x, params: [one, {params.yaml: }], outs: [o]}}")
    assert found.stages[0].params == (ParamsSpec("params.yaml"),)


@pytest.mark.parametrize("text", ["", "stages:\n", "stages: {}\n", "plots:\nmetrics:\n", "# nothing\n"])
def test_an_empty_pipeline_is_one(text: str) -> None:
    assert pipeline(text) == Pipeline()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n", "dvc.yaml:1: expected keys and values at the top, got a list"),
        ("stages: [a]\n", "dvc.yaml:1: stages: expected names and stages, got a list"),
        ("stages:\n  a: x\n", "dvc.yaml:2: stage 'a': expected keys and values, got text"),
        ("stages:\n  a:\n", "dvc.yaml:2: stage 'a': expected keys and values, got nothing"),
        ("stages:\n  a:\n    outs: [x]\n", "dvc.yaml:2: stage 'a' has no cmd"),
        ("stages:\n  a:\n    cmd: ''\n", "dvc.yaml:2: stage 'a' has no cmd"),
        ("stages:\n  a:\n    cmd: 3\n", "dvc.yaml:3: stage 'a': cmd: expected text, got a number"),
        ("stages:\n  a:\n    cmd: x\n    wdir: [y]\n", "dvc.yaml:4: stage 'a': wdir: expected text, got a list"),
        ("stages:\n  a:\n    cmd: x\n    deps: y\n", "dvc.yaml:4: stage 'a': deps: expected a list, got text"),
        (
            "stages:\n  a:\n    cmd: x\n    deps:\n    - y\n    - {z: 1}\n",
            "dvc.yaml:6: stage 'a': deps[1]: expected a path, got keys and values",
        ),
        ("stages:\n  a:\n    cmd: x\n    outs: y\n", "dvc.yaml:4: stage 'a': outs: expected a list, got text"),
        (
            "stages:\n  a:\n    cmd: x\n    metrics:\n    - 3\n",
            "dvc.yaml:5: stage 'a': metrics[0]: expected a path, got a number",
        ),
        ("stages:\n  a:\n    cmd: x\n    params: p\n", "dvc.yaml:4: stage 'a': params: expected a list, got text"),
        (
            "stages:\n  a:\n    cmd: x\n    params:\n    - {f.yaml: key}\n",
            "dvc.yaml:5: stage 'a': params[0]: f.yaml: expected a list of keys, got text",
        ),
        ("stages:\n  a:\n    foreach: [1]\n", "dvc.yaml:2: stage 'a': foreach needs a stage under `do`"),
        ("metrics: m.json\n", "dvc.yaml:1: metrics: expected a list, got text"),
        ("plots: {a: b}\n", "dvc.yaml:1: plots: expected a list, got keys and values"),
        ("artifacts: [a]\n", "dvc.yaml:1: artifacts: expected names and artifacts, got a list"),
        ("artifacts:\n  m:\n    type: model\n", "dvc.yaml:2: artifact 'm' has no path"),
        ("stages:\n\ta: 1\n", "dvc.yaml:2: not valid YAML: found character that cannot start any token"),
        ("stages:\n  a: {cmd: x}\n  a: {cmd: y}\n", "dvc.yaml:3: not valid YAML: the key 'a' stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    found = problems("metrics: m\nstages:\n  a: {}\n  b:\n    cmd: x\n    outs: y\n")
    assert [line.split(": ")[0] for line in found] == ["dvc.yaml:1", "dvc.yaml:3", "dvc.yaml:6"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vars: [{a: 1}]\n", "vars"),
        ("datasets: [{name: d, type: dvc, url: u}]\n", "datasets"),
        ("pipelines: {}\n", "'pipelines'"),
        ("stages: {a: {foreach: [1], do: {cmd: x, outs: [o]}}}\n", "foreach"),
        ("stages: {a: {matrix: {m: [1]}, cmd: x, outs: [o]}}\n", "matrix"),
        ("stages: {a: {vars: [{m: 1}], cmd: x, outs: [o]}}\n", "vars"),
        ("stages: {a: {cmd: 'x ${y}', outs: [o]}}\n", "templating"),
        ("stages: {a: {cmd: x, outs: [o], frozen: true}}\n", "frozen"),
        ("stages: {a: {cmd: x, outs: [o], always_changed: true}}\n", "always run"),
        ("stages: {a: {cmd: x}}\n", "neither dependencies nor outputs"),
        ("stages: {a: {cmd: x, outs: [o], deps: ['s3://b/k']}}\n", "outside the project"),
        ("stages: {a: {cmd: x, outs: [/tmp/o]}}\n", "outside the project"),
        ("stages: {a: {cmd: x, outs: [../o]}}\n", "outside the project"),
        ("stages: {a: {cmd: x, wdir: .., outs: [o]}}\n", "outside the project"),
        ("stages: {a: {cmd: x, outs: [./o]}}\n", "not a plain path"),
        ('stages: {a: {cmd: x, outs: ["a\\\\b"]}}\n', "not a plain path"),
        ("stages: {a: {cmd: x, deps: [o], outs: [o]}}\n", "twice"),
        ("stages: {a: {cmd: x, outs: [o.dvc]}}\n", "DVC's own"),
        ("stages: {a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o]}}\n", "output of both"),
        ("stages: {a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o/p]}}\n", "overlap"),
        ("stages: {a: {cmd: x, deps: [p/q], outs: [o]}, b: {cmd: x, deps: [o], outs: [p]}}\n", "circle"),
        ("stages: {a: {cmd: x, outs: [o], colour: red}}\n", "'colour'"),
    ],
)
def test_what_only_dvc_can_resolve_is_named(text: str, reason: str) -> None:
    found = pipeline(text).unsure
    assert found is not None
    assert reason in found


def test_neighbours_do_not_overlap() -> None:
    text = (
        "stages: {a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o-2]}, c: {cmd: x, deps: [o, o-2], outs: [p/q]}}"
    )
    assert pipeline(text).unsure is None


LOCK = {
    "schema": "2.0",
    "stages": {
        "train": {
            "cmd": ["a", "b"],
            "deps": [{"path": "../data", "hash": "md5", "md5": "0" * 32 + ".dir", "size": 9, "nfiles": 2}],
            "params": {"params.yaml": {"train.lr": 0.1}},
            "outs": [{"path": "model.bin", "hash": "md5", "md5": "1" * 32, "size": 5}],
        }
    },
}


def test_a_lock_is_read() -> None:
    stage = parse_lock(LOCK).stages["train"]
    assert stage.cmd == ("a", "b")
    assert stage.deps == (LockedFile("../data", "0" * 32 + ".dir", 9, 2),)
    assert stage.deps[0].is_dir
    assert stage.params == {"params.yaml": {"train.lr": 0.1}}
    assert not stage.outs[0].is_dir


def test_an_entry_s_hash_is_the_same_for_the_same_run_and_another_for_another() -> None:
    again = yaml.safe_load(yaml.safe_dump(LOCK, sort_keys=True))
    first, second = parse_lock(LOCK).stages["train"].md5, parse_lock(again).stages["train"].md5
    assert first == second
    again["stages"]["train"]["params"]["params.yaml"]["train.lr"] = 0.2
    assert parse_lock(again).stages["train"].md5 != first


@pytest.mark.parametrize(
    "tree", [None, {"schema": "2.0"}, {"schema": "2.0", "stages": None}, {"schema": "2.0", "stages": {}}]
)
def test_an_empty_lock_is_one(tree: Any) -> None:
    assert parse_lock(tree) == Lock()


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ([], "dvc.lock:1: expected keys and values at the top, got a list"),
        ({"schema": "2.0", "stages": [1]}, "dvc.lock:1: stages: expected names and entries, got a list"),
        ({"schema": "2.0", "stages": {"a": {}}}, "dvc.lock:1: the entry of stage 'a' has no cmd"),
        (
            {"schema": "2.0", "stages": {"a": {"cmd": "x", "outs": "y"}}},
            "dvc.lock:1: stages.a.outs: expected a list of files, each with a path",
        ),
        (
            {"schema": "2.0", "stages": {"a": {"cmd": "x", "params": {"p": 1}}}},
            "dvc.lock:1: stage 'a': params: expected files with keys and values",
        ),
    ],
)
def test_a_damaged_lock_is_told(tree: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=r"dvc\.lock:1") as caught:
        parse_lock(tree)
    assert caught.value.message == problem


def test_another_schema_of_the_lock_is_left_to_dvc() -> None:
    assert parse_lock({"train": {"cmd": "x"}}).unsure == "dvc.lock has schema None, not '2.0'"
    assert parse_lock({"schema": "2.0", "datasets": [1]}).unsure == "dvc.lock locks datasets"


def test_a_merge_conflict_in_the_lock_is_called_one() -> None:
    text = b"schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a:\n=======\n  b:\n>>>>>>> other\n"
    assert conflict_line(text) == 3
    with pytest.raises(ConfigError, match=r"dvc\.lock at main:3: merge conflict") as caught:
        dvcfiles.lock_from(text, "dvc.lock at main")
    assert caught.value.hint
    assert "dvc repro" in caught.value.hint


def test_outputs_are_placed_in_the_project() -> None:
    found = pipeline(WHOLE)
    assert outputs(found, parse_lock(LOCK)) == {
        "models/model.bin": LockedFile("model.bin", "1" * 32, 5),
    }


TEMPLATED = """\
vars: [{where: out}]
stages:
  train:
    foreach: [1, 2]
    do:
      cmd: train ${item}
      params: ["params-${item}.yaml:"]
      outs: ["model-${item}"]
      metrics: [{"${where}/scores-${item}.json": {cache: false}}]
"""


def test_templated_metrics_are_found_in_the_lock() -> None:
    found = pipeline(TEMPLATED)
    entries = {
        f"train@{item}": {
            "cmd": f"train {item}",
            "params": {f"params-{item}.yaml": {"x": 1}},
            "outs": [{"path": f"out/scores-{item}.json", "md5": "0" * 32}, {"path": f"model-{item}"}],
        }
        for item in (1, 2)
    }
    lock = parse_lock({"schema": "2.0", "stages": entries})
    assert metric_files(found, lock) == ("out/scores-1.json", "out/scores-2.json")
    assert metric_files(found, Lock()) == ()
    stage = found.stage("train@2")
    assert stage is not None
    assert stage.name == "train"


def test_templated_params_files_are_found_in_the_lock() -> None:
    text = "stages: {a: {matrix: {m: [x, y]}, cmd: c, params: [{'p-${item.m}.yaml': [k]}], outs: ['o-${item.m}']}}"
    entry = {"cmd": "c", "params": {"p-x.yaml": {"k": 1}}}
    lock = parse_lock({"schema": "2.0", "stages": {"a@x": entry}})
    assert params_files(pipeline(text), lock) == ("p-x.yaml",)


def test_outputs_outside_the_repository_are_found_before_anything_runs() -> None:
    text = "stages: {a: {cmd: x, outs: [o, ../up, ../../out, /abs, 's3://b/k']}}"
    assert outside(pipeline(text)) == ("a: ../up", "a: ../../out", "a: /abs")
    assert outside(pipeline(text), "project/") == ("a: ../../out", "a: /abs")


def test_lines_are_looked_up_only_for_problems() -> None:
    def refuse(path: Any) -> int:
        raise AssertionError(path)

    tree = documents.read_yaml(WHOLE.encode(), "dvc.yaml")
    assert parse_pipeline(tree, "dvc.yaml", refuse).stages
