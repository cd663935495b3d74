"""Which stage needs which, and how the graph is drawn."""

import re
from typing import Any

from mltools.core import graph, mermaid
from mltools.core.page import flow
from mltools.core.pipeline import parse_lock, parse_pipeline
from mltools.core.report import render
from mltools.core.report.stages import shown_in_graph
from tests import reports
from tests.rendered import of_html


def needs(stages: dict[str, tuple[list[str], list[str]]], wdir: str = ".") -> dict[str, tuple[str, ...]]:
    """Stages by name with what they read and write."""
    files = {
        name: {
            "cmd": "c",
            "deps": [{"path": path} for path in reads],
            "outs": [{"path": path} for path in writes],
        }
        for name, (reads, writes) in stages.items()
    }
    lock = parse_lock({"schema": "2.0", "stages": files})
    names = {name.partition("@")[0]: {"cmd": "c", "wdir": wdir} for name in stages}
    return graph.needs(parse_pipeline({"stages": names}), lock)


def test_a_stage_needs_those_that_make_what_it_reads() -> None:
    found = needs({"a": ([], ["x"]), "b": (["x"], ["y"]), "c": (["x", "y", "source"], [])})
    assert found == {"a": (), "b": ("a",), "c": ("a", "b")}


def test_directories_count_with_what_is_in_them() -> None:
    found = needs({"a": ([], ["out/x"]), "b": (["out"], ["dir"]), "c": (["dir/deep/file"], [])})
    assert found == {"a": (), "b": ("a",), "c": ("b",)}


def test_paths_count_from_the_stages_directory() -> None:
    assert needs({"a": ([], ["x"]), "b": (["./x"], [])}, wdir="sub")["b"] == ("a",)


def test_stages_of_a_group_are_known_by_their_own_names() -> None:
    assert needs({"a@1": ([], ["x1"]), "a@2": ([], ["x2"]), "b": (["x1", "x2"], [])})["b"] == ("a@1", "a@2")


def test_a_thousand_stages_are_joined_at_once() -> None:
    stages = {f"s{n}": ([f"o{n - 1}", f"raw{n}"] if n else [], [f"o{n}"]) for n in range(5_000)}
    assert needs(stages)["s4999"] == ("s4998",)


def record_of(count: int, *, changed: int = -1, circle: bool = False) -> Any:
    stages = [
        {
            "name": f"s{n}",
            "state": "ran" if n == changed else "skipped",
            "changed": n == changed,
            "needs": [f"s{n - 1}"] if n else [f"s{count - 1}"] * circle,
        }
        for n in range(count)
    ]
    return reports.full(stages=stages)


def test_a_small_pipeline_is_drawn_whole_and_what_changed_is_marked() -> None:
    body = render(record_of(5, changed=3))
    assert len(re.findall(r'^  n\d\["', body, flags=re.MULTILINE)) == 5
    assert body.count(":::changed") == 1
    assert "n2 --> n3" in body


def test_of_a_large_pipeline_what_changed_is_drawn_with_what_it_needs() -> None:
    record = record_of(500, changed=250)
    assert [stage.name for stage in shown_in_graph(record)] == ["s249", "s250"]
    assert "... and 300 more stages" in render(record)


def test_a_large_pipeline_in_which_nothing_changed_is_a_table() -> None:
    record = record_of(500)
    assert shown_in_graph(record) == ()
    assert "flowchart" not in render(record)


def test_a_forged_circle_is_drawn_all_the_same() -> None:
    record = record_of(5, circle=True)
    assert of_html(flow.graph(record.stages)).tags >= {"svg", "rect", "path"}


def test_edges_to_stages_that_are_not_there_are_left_out() -> None:
    drawn = mermaid.flowchart({"a": mermaid.Node(("a",))}, [("a", "b"), ("b", "a")])
    assert "-->" not in drawn
