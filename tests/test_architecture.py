"""The house keeps its shape."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mltools.ci
import mltools.core.gates
import mltools.core.report
from mltools.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "mltools").rglob("*.py"))


@pytest.mark.slow
def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_gate_module_is_in_the_union() -> None:
    modules = {info.name for info in pkgutil.iter_modules(mltools.core.gates.__path__)} - {"base", "change"}
    text = (ROOT / "mltools/core/gates/__init__.py").read_text()
    assert all(f"mltools.core.gates.{name} import" in text for name in modules)


def test_every_report_section_is_listed() -> None:
    shared = {"around", "evidence", "facts", "notes", "rows", "series", "text"}
    modules = {info.name for info in pkgutil.iter_modules(mltools.core.report.__path__)} - shared
    listed = {section.render.__module__.rpartition(".")[2] for section in mltools.core.report.SECTIONS}
    assert modules == listed


def test_every_command_is_listed_and_is_a_command() -> None:
    import importlib

    import click

    from mltools.cli import data, model

    for entry in (*COMMANDS.values(), *data.COMMANDS.values(), *model.COMMANDS.values()):
        assert isinstance(getattr(importlib.import_module(entry.module), entry.name), click.Command)
        assert entry.summary.endswith(".")


def test_the_environment_is_read_in_one_place() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if any(
            isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and _is_os(node.value)
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert users <= {"mltools/cli/app.py", "mltools/edges/process.py"}


def test_no_module_has_outgrown_its_room() -> None:
    assert {path.name: count for path in SOURCES if (count := len(path.read_text().splitlines())) > 400} == {}


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"
