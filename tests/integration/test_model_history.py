"""`mltools model history`, `diff`, `lineage` and `show`: answered from tags, commits and the journal alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mltools import events
from mltools.core.events import event
from tests.registries import clone_of, make_registry, tag, writer
from tests.releases import command, make_project, run
from tests.support import commit, git

DAY = 86_400
START = 1_767_312_000  # 2026-01-02T00:00:00Z


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions, day by day through prod; what the journal tells of them."""
    clone, _ = make_registry(tmp_path_factory.mktemp("staged"), versions=0)
    said = [
        ("toy@v1.0.0", 0, "x"),
        ("toy@v1.1.0", 0, "x"),
        ("toy#prod#1", 1, "Assigning stage prod to artifact toy version v1.0.0"),
        ("toy#dev#2", 1, "said"),
        (
            "toy#prod#3",
            2,
            "Promote toy v1.1.0 to prod\n\nfaster\n\nMltools-Action: promote\nMltools-Unmet: signed: no\n",
        ),
        (
            "toy#prod#4",
            3,
            (
                "Roll prod of toy back to v1.0.0 from v1.1.0\n\nerrors | @team\n\n"
                "Mltools-Action: rollback\nMltools-Actor: ada on GitHub\nMltools-From: v1.1.0\n"
            ),
        ),
    ]
    first = commit(clone, {"a": "1"})
    second = commit(clone, {"a": "2"})
    homes = {"toy@v1.0.0": first, "toy#prod#1": first, "toy#prod#4": first}
    for name, day, message in said:
        tag(clone, name, homes.get(name, second), message, START + day * DAY)
    told: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
        ("approval", "v1.1.0", 1, {}),
        ("monitor", "v1.1.0", 2, {"state": "broken"}),
        ("rollback", "v1.0.0", 3, {"tag": "toy#prod#4"}),
        ("deployment", "v1.0.0", 3, {"state": "serving", "target": "eu-1"}),
        ("deployment", "v1.0.0", 4, {"state": "serving", "target": "us-1"}),
        ("monitor", "v1.0.0", 5, {"state": "healthy"}),
        ("deployment", "v1.0.0", 6, {"state": "removed", "target": "us-1"}),
    )
    for kind, version, day, details in told:
        when = datetime.fromtimestamp(START + day * DAY, UTC) + timedelta(hours=1)
        made = event(kind, "toy", when=when, version=version, stage="prod", by="Ada <a@b>", reason="r", details=details)  # fmt: skip
        events.record(writer(clone), made)
    return clone


def history(clone: Path, *args: str) -> Any:
    done = command(clone, "model", "history", *args, "--json")
    assert done.code == 0, done.err
    return done.json


def test_the_history_holds_tags_and_events_the_newest_first(staged: Path) -> None:
    tree = history(staged, "toy")
    assert (tree["schema"], tree["model"]) == (1, "toy")
    assert [(one["what"], one["version"], one["stage"]) for one in tree["history"]] == [
        ("deployment: removed", "v1.0.0", "prod"),
        ("monitor: healthy", "v1.0.0", "prod"),
        ("deployment: serving", "v1.0.0", "prod"),
        ("deployment: serving", "v1.0.0", "prod"),
        ("rolled back", "v1.0.0", "prod"),
        ("monitor: broken", "v1.1.0", "prod"),
        ("promoted (forced)", "v1.1.0", "prod"),
        ("approval", "v1.1.0", "prod"),
        ("promoted", "v1.1.0", "dev"),
        ("promoted", "v1.0.0", "prod"),
        ("released", "v1.1.0", None),
        ("released", "v1.0.0", None),
    ]
    back = tree["history"][4]
    assert (back["time"], back["by"], back["why"], back["source"]) == (
        "2026-01-05T00:00:00Z",
        "ada on GitHub",
        "errors | @team",
        "toy#prod#4",
    )
    assert tree["history"][6]["unmet"] == ["signed: no"]


def test_the_history_of_one_stage_or_one_version(staged: Path) -> None:
    assert {one["stage"] for one in history(staged, "toy", "--stage", "dev")["history"]} == {"dev"}
    assert {one["version"] for one in history(staged, "toy@v1.1.0")["history"]} == {"v1.1.0"}
    shown = command(staged, "model", "history", "toy@v1.1.0", "--stage", "prod")
    assert [" ".join(line.split()[1:4]) for line in shown.out.splitlines()] == [
        "what version stage",
        "monitor: broken v1.1.0",
        "promoted (forced) v1.1.0",
        "approval v1.1.0 prod",
    ]
    assert "faster; unmet: signed: no" in shown.out
    assert (
        command(staged, "model", "history", "toy", "-s", "nothing").out == "nothing happened that matches\n"
    )


@pytest.mark.parametrize(
    ("at", "prod", "latest"),
    [
        ("2026-01-01", None, None),
        ("2026-01-02", None, "v1.1.0"),
        ("2026-01-03", "v1.0.0", "v1.1.0"),
        ("2026-01-03T23:59:59", "v1.0.0", "v1.1.0"),
        ("2026-01-04T00:00:00Z", "v1.1.0", "v1.1.0"),
        ("2026-01-04T01:00:00+02:00", "v1.0.0", "v1.1.0"),
        ("2026-01-05", "v1.0.0", "v1.1.0"),
        ("9999-12-31", "v1.0.0", "v1.1.0"),
    ],
)
def test_what_was_in_a_stage_then(staged: Path, at: str, prod: str | None, latest: str | None) -> None:
    tree = history(staged, "toy", "--at", at)
    assert tree["stages"].get("prod", {}).get("version") == prod
    assert tree["latest"] == latest


def test_what_stood_then_in_words(staged: Path) -> None:
    shown = command(staged, "model", "history", "toy", "--at", "2026-01-04", "--stage", "prod")
    by = git(staged, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags/toy#prod#3")
    assert shown.out == (
        f"toy at 2026-01-04T23:59:59Z\n  prod:  v1.1.0  since 2026-01-04T00:00:00Z  by {by}\n"
    )
    assert command(staged, "model", "history", "toy", "--at", "2020-01-01").out == (
        "toy at 2020-01-01T23:59:59Z\n  latest: none\n  stages: nothing\n"
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("history", "toy", "--at", "yesterday"), "--at 'yesterday' is no date"),
        (("history", "toy", "--at", ""), "is no date"),
        (("history", "toy", "--at", "2026-02-30"), "is no date"),
        (("history", "toy", "--at", "0001-01-01T00:00:00+23:00"), "is no date"),
        (("history", "toy#prod"), "a stage goes with --stage"),
        (("history", "tyo"), "did you mean 'toy'"),
        (("diff", "toy@v1.0.0", "toy@v9.0.0"), "toy has no version v9.0.0"),
        (("lineage", "toy@v1.0.0", "--json", "--mermaid"), "are two answers"),
    ],
)
def test_what_cannot_be_meant_is_said(staged: Path, args: tuple[str, ...], said: str) -> None:
    done = command(staged, "model", *args)
    assert (done.code, said in done.err) == (2, True), done.err


def test_show_tells_where_a_version_is_and_how_it_is_there(staged: Path) -> None:
    tree = command(staged, "model", "show", "toy#prod", "--json").json
    assert tree["placements"] == [
        {
            "stage": "prod",
            "version": "v1.0.0",
            "since": "2026-01-05T00:00:00Z",
            "by": "ada on GitHub",
            "tag": "toy#prod#4",
            "reason": "errors | @team",
            "unmet": [],
        }
    ]
    assert [(one["target"], one["state"]) for one in tree["deployments"]] == [("eu-1", "serving")]
    assert [(one["stage"], one["state"]) for one in tree["monitoring"]] == [("prod", "healthy")]
    assert tree["approvals"] == tree["canary"] == []
    shown = command(staged, "model", "show", "toy@v1.0.0").out
    assert "in:\n  prod  since 2026-01-05T00:00:00Z  by ada on GitHub  errors | @team\n" in shown
    assert "serves:\n  eu-1  serving  2026-01-05T01:00:00.000Z  r\n" in shown
    assert "behaves:\n  prod  healthy" in shown
    assert "approvals (as claimed):\n  prod  by Ada  " in command(staged, "model", "show", "toy@v1.1.0").out


def test_what_came_back_to_a_stage_is_there_since_then_for_show_and_for_history(
    staged: Path, tmp_path: Path
) -> None:
    clone = clone_of(staged, tmp_path / "c")
    git(clone, "remote", "remove", "origin")
    tag(clone, "toy#prod!#5", "toy@v1.0.0^{commit}", "Take toy v1.0.0 out\n\nslow", START + 8 * DAY)
    (shown,) = (
        one
        for one in command(clone, "model", "show", "toy@v1.1.0", "--json").json["placements"]
        if one["stage"] == "prod"
    )
    assert (shown["version"], shown["since"], shown["tag"]) == (
        "v1.1.0",
        "2026-01-10T00:00:00Z",
        "toy#prod#3",
    )
    assert history(clone, "toy", "--at", "2026-02-01")["stages"]["prod"] == shown
    assert "forced: faster" in command(clone, "model", "show", "toy@v1.1.0").out


def test_a_shallow_clone_says_that_tags_are_lacking(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, record=None)
    for version in ("v1.0.0", "v1.2.0"):
        assert command(clone, "model", "promote", f"toy@{version}", "--stage", "prod").code == 0
    git(tmp_path, "clone", "-q", "--depth=1", remote.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    for args in (("list",), ("show", "toy")):
        said = command(shallow, "model", *args).err
        assert "hint: this clone is shallow and seems to lack tags of toy: `git fetch --tags`" in said
        assert "lack tags" not in command(clone, "model", *args).err
    git(shallow, "fetch", "-q", "--tags")
    assert "lack tags" not in command(shallow, "model", "show", "toy").err
    assert "no journal is here: `mltools runs sync`" in command(shallow, "model", "show", "toy").err


def test_tables_fit_a_terminal(tmp_path: Path) -> None:
    clone, _ = make_registry(tmp_path)
    for stage in ("dev", "staging", "production"):
        assert command(clone, "model", "promote", "toy", "-s", stage, "-r", "word " * 60).code == 0
    for args in (("list",), ("history", "toy")):
        lines = command(clone, "model", *args).out.splitlines()
        assert max(map(len, lines)) <= 120
    assert "word word" in lines[1]


def test_what_is_out_of_use_is_said_wherever_it_is_asked_for(tmp_path: Path) -> None:
    clone, _ = make_registry(tmp_path)
    assert command(clone, "model", "deprecate", "toy@v1.1.0", "--reason", "leaked").code == 0
    card = command(clone, "model", "card", "toy@v1.1.0")
    assert "warning: toy v1.1.0 was taken back: leaked\n" in card.err
    assert command(clone, "model", "deprecate", "toy", "--reason", "replaced").code == 0
    assert command(clone, "model", "show", "toy").out.startswith("toy (deprecated)\n")
    assert command(clone, "model", "show", "toy", "--json").json["model_active"] is False
    assert "warning: toy is deprecated: replaced\n" in command(clone, "model", "card", "toy@v1.0.0").err


def test_a_model_of_odd_tags_alone_is_none_and_the_tag_is_named(staged: Path, tmp_path: Path) -> None:
    clone = clone_of(staged, tmp_path / "c")
    git(clone, "tag", "light@v1.0.0")
    done = command(clone, "model", "show", "light")
    assert (done.code, "no model 'light' (tag light@v1.0.0: a lightweight tag" in done.err) == (2, True)


def test_a_damaged_event_is_told_and_blinds_nothing(staged: Path, tmp_path: Path) -> None:
    clone = clone_of(staged, tmp_path / "c")
    git(clone, "fetch", "-q", "origin", "refs/mltools/journal:refs/mltools/journal")
    listing = git(clone, "ls-tree", "-r", "refs/mltools/journal", "events/toy").splitlines()
    oid = listing[0].split()[2]
    place = clone / ".git/objects" / oid[:2] / oid[2:]
    if not place.exists():  # in a pack
        pytest.skip("objects are packed here")
    place.chmod(0o644)
    place.write_bytes(b"x")
    done = command(clone, "model", "history", "toy")
    assert done.code == 0
    assert "rolled back" in done.out


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two releases that differ in params, metrics and contract."""
    project = make_project(tmp_path_factory.mktemp("released") / "p")
    run(project, 0.9)
    assert command(project, "release").code == 0
    contract = project / "schemas/raw.yaml"
    contract.write_text(contract.read_text().replace("maximum: 10", "maximum: 8"))
    run(project, 0.95, second=6)
    assert command(project, "release").code == 0
    return project


def test_two_versions_side_by_side(released: Path) -> None:
    names = git(released, "tag").split()
    assert names == ["toy@v0.1.0", "toy@v1.0.0"]
    tree = command(released, "model", "diff", *names, "--json").json
    assert (tree["schema"], tree["model"], tree["from"], tree["to"]) == (1, "toy", "v0.1.0", "v1.0.0")
    metrics = {one["name"]: (one["base"], one["head"]) for one in tree["metrics"]}
    assert metrics["test.auc"] == (0.9, 0.95)
    params = {one["name"]: one["kind"] for one in tree["params"]}
    assert params == {"train.quality": "changed", "train.seed": "same"}
    files = {one["path"]: one["kind"] for one in tree["files"]}
    assert files == {"data/raw.csv": "same", "model.bin": "changed"}
    shown = command(released, "model", "diff", *names).out
    assert shown.startswith("toy@v0.1.0")
    assert "test.auc" in shown
    assert "train.quality" in shown
    assert "unchanged: 1 param, 1 file" in shown
    assert tree["contract"] == [
        {"kind": "breaking", "text": "data/raw.csv: column 'size': maximum is 8, was 10"}
    ]
    assert "contract\n  breaking  data/raw.csv: column 'size'" in shown
    same = command(released, "model", "diff", names[0], names[0]).out
    assert "unchanged: 2 metrics, 2 params, 2 files" in same
    assert "contract" not in same


def test_the_lineage_of_a_version(released: Path) -> None:
    tree = command(released, "model", "lineage", "toy@v1.0.0", "--json").json
    kinds: dict[str, list[str]] = {}
    for node in tree["nodes"]:
        kinds.setdefault(node["kind"], []).append(node["name"])
    assert kinds["stage"] == ["train"]
    assert kinds["data"] == ["data/raw.csv"]
    assert kinds["version"] == ["toy v1.0.0"]
    assert kinds["output"] == ["model.bin"]
    assert tree["problems"] == []
    edges = {(edge["from"], edge["to"]) for edge in tree["edges"]}
    assert {("stage:train", "output:model.bin"), ("output:model.bin", "version"), ("code", "run")} <= edges
    assert ("run", "version") in edges
    # Whoever reads an edge finds both of its ends.
    known = {node["id"] for node in tree["nodes"]}
    assert all(start in known and end in known for start, end in edges)
    text = command(released, "model", "lineage", "toy@v1.0.0").out
    assert "  toy v1.0.0  tag toy@v1.0.0" in text
    diagram = command(released, "model", "lineage", "toy@v1.0.0", "--mermaid").out
    assert diagram.startswith("```mermaid\nflowchart LR\n")
    assert diagram.rstrip().endswith("```")


def test_a_lineage_ends_in_the_stages_that_hold_the_version(released: Path, tmp_path: Path) -> None:
    project = clone_of(released, tmp_path / "p")
    git(project, "remote", "remove", "origin")
    assert command(project, "model", "promote", "toy@v0.1.0", "--stage", "eu/prod").code == 0
    tree = command(project, "model", "lineage", "toy#eu/prod", "--json").json
    assert [node["name"] for node in tree["nodes"] if node["kind"] == "in"] == ["eu/prod"]
    assert {"from": "version", "to": "in:eu/prod"} in tree["edges"]


def test_a_version_without_a_record_has_no_lineage_and_no_diff(staged: Path) -> None:
    for args in (("lineage", "toy@v1.0.0"), ("diff", "toy@v1.0.0", "toy@v1.1.0")):
        done = command(staged, "model", *args)
        assert (done.code, "holds no release record" in done.err) == (3, True)
