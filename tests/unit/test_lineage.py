"""Lineage: the stages that lead to a model, what they read, and diagrams that mean what they say."""

from dataclasses import replace

from mltools.core.lineage import (
    MOST_NODES,
    WIDTH,
    Lineage,
    lineage,
    lineage_lines,
    lineage_mermaid,
    lineage_tree,
)
from mltools.core.pipeline import parse_lock, parse_pipeline
from mltools.core.release_record import DataFile, ModelFile
from mltools.core.stages import Lock, Pipeline
from tests.unit.test_registry import A, Tag, read
from tests.unit.test_release_record import RECORD

PIPELINE = {
    "stages": {
        "split": {"cmd": "python split.py", "deps": ["data/raw.csv", "split.py"], "outs": ["data/train.csv"]},
        "train": {
            "cmd": ["echo", "python train.py"],
            "wdir": "src",
            "deps": ["../data/train.csv", "train.py"],
            "params": ["train.depth"],
            "outs": ["../models/"],
        },
        "plot": {"cmd": "python plot.py", "deps": ["models"], "outs": ["plot.png"]},
    }
}
LOCK = {
    "schema": "2.0",
    "stages": {
        "split": {
            "cmd": "python split.py",
            "deps": [{"path": "data/raw.csv", "md5": "1" * 32}, {"path": "split.py", "md5": "2" * 32}],
            "outs": [{"path": "data/train.csv", "md5": "3" * 32}],
        },
        "train": {
            "cmd": ["echo", "python train.py"],
            "deps": [{"path": "../data/train.csv", "md5": "3" * 32}, {"path": "train.py", "md5": "4" * 32}],
            "params": {"params.yaml": {"train.depth": 3}},
            "outs": [{"path": "../models", "md5": "5" * 32 + ".dir"}],
        },
        "plot": {
            "cmd": "python plot.py",
            "deps": [{"path": "models", "md5": "5" * 32 + ".dir"}],
            "outs": [{"path": "plot.png", "md5": "6" * 32}],
        },
    },
}


def made(pipeline: Pipeline | None = None, lock: Lock | None = None, path: str = "models") -> Lineage:
    model = read(Tag("m@v1.0.0", A, 1), Tag("m#prod#1", A, 2)).models["m"]
    record = replace(
        RECORD,
        file=ModelFile(path, "5" * 32, "7" * 64, 1),
        data=(DataFile("data/raw.csv", "1" * 32, "schemas/raw.yaml"),),
    )
    return lineage(model, model.versions[0], record, pipeline or Pipeline(), lock or Lock())


def full(path: str = "models") -> Lineage:
    return made(parse_pipeline(PIPELINE), parse_lock(LOCK), path)


def test_only_what_the_model_comes_from_is_in_it() -> None:
    found = full()
    named = {(node.kind, node.name) for node in found.nodes}
    assert {name for kind, name in named if kind == "stage"} == {"split", "train"}
    assert {name for kind, name in named if kind == "data"} == {"data/raw.csv"}
    assert {name for kind, name in named if kind == "params"} == {"src/params.yaml"}
    assert ("code", "src/train.py") in named
    assert {
        ("data:data/raw.csv", "stage:split"),
        ("stage:split", "stage:train"),
        ("code:src/train.py", "stage:train"),
        ("stage:train", "output:models"),
        ("output:models", "version"),
        ("run", "version"),
        ("version", "in:prod"),
    } <= set(found.edges)


def test_a_model_inside_an_output_directory_comes_from_its_stage() -> None:
    assert ("stage:train", "output:models/best.skops") in full("models/best.skops").edges


def test_without_the_pipeline_the_run_stands_for_it() -> None:
    found = made()
    assert ("data:data/raw.csv", "run") in found.edges
    assert ("run", "output:models") in found.edges
    assert not [node for node in found.nodes if node.kind == "stage"]


def test_every_edge_joins_two_nodes_and_each_node_is_there_once() -> None:
    for found in (full(), made()):
        names = [node.id for node in found.nodes]
        assert len(names) == len(set(names))
        assert all(start in names and end in names for start, end in found.edges)
        assert len(set(found.edges)) == len(found.edges)


def test_the_text_names_each_part_with_what_led_to_it() -> None:
    lines = lineage_lines(full())
    assert lines[:2] == ["data", f"  data/raw.csv  md5 {'1' * 32}  contract schemas/raw.yaml"]
    assert lines[-3:] == ["in", "  prod  tag m#prod#1  by A Tester", "    from m v1.0.0"]
    tree = lineage_tree("m", "v1.0.0", full())
    assert tree["nodes"][0] == {
        "id": "data:data/raw.csv",
        "kind": "data",
        "name": "data/raw.csv",
        "md5": "1" * 32,
        "contract": "schemas/raw.yaml",
    }


def test_params_are_told_by_dotted_keys_and_take_no_other_word_away() -> None:
    lock = parse_lock(
        {
            "schema": "2.0",
            "stages": {
                "train": {
                    **LOCK["stages"]["train"],  # type: ignore[index]
                    "params": {
                        "params.yaml": {"name": "net", "train": {"id": float("nan"), "layers": {"first": 64}}}
                    },
                }
            },
        }
    )
    found = made(parse_pipeline(PIPELINE), lock)
    (node,) = (one for one in lineage_tree("m", "v1.0.0", found)["nodes"] if one["kind"] == "params")
    assert node == {
        "id": "params:train:src/params.yaml",
        "kind": "params",
        "name": "src/params.yaml",
        "values": {"name": "net", "train.id": "nan", "train.layers.first": 64},
    }
    lines = lineage_lines(found)
    assert "  src/params.yaml  name net  train.id nan  train.layers.first 64" in lines
    assert max(map(len, lines)) <= WIDTH


def test_hostile_names_stay_names() -> None:
    odd = 'a"]; click b href "javascript:x" %%{init}%%'
    stages = {"stages": {odd: {"cmd": "x", "outs": ["models"]}}}
    lock = {"schema": "2.0", "stages": {odd: {"cmd": "x", "outs": [{"path": "models", "md5": "5" * 32}]}}}
    text = lineage_mermaid(made(parse_pipeline(stages), parse_lock(lock)))
    assert '"]; click' not in text
    assert "javascript:" not in text
    assert "%%" not in text


def test_a_diagram_that_nobody_could_read_shows_what_is_near_the_version() -> None:
    names = [f"s{number}" for number in range(100)]
    stages = {
        name: {"cmd": "x", "deps": [f"o{number}"], "outs": [f"o{number + 1}"]}
        for number, name in enumerate(names)
    }
    entries = {
        name: {
            "cmd": "x",
            "deps": [{"path": f"o{number}", "md5": "1" * 32}],
            "outs": [{"path": f"o{number + 1}", "md5": "1" * 32}],
        }
        for number, name in enumerate(names)
    }
    found = made(parse_pipeline({"stages": stages}), parse_lock({"schema": "2.0", "stages": entries}), "o100")
    assert sum(node.kind == "stage" for node in found.nodes) == 100
    assert len(found.nodes) > MOST_NODES
    text = lineage_mermaid(found)
    assert text.count('["') <= MOST_NODES
    assert "version" in text
