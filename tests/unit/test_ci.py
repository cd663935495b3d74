"""The providers, and which of them started this process."""

import json
import pkgutil
from pathlib import Path

import pytest

from mltools import ci
from mltools.ci import github, hook
from mltools.ci.provider import Annotation, Facts
from mltools.core.config import parse_config
from mltools.errors import ProviderError

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
HOOK = {"MLTOOLS_TRIGGER": "hook", "MLTOOLS_BRANCH": "topic", "MLTOOLS_BEFORE": "c" * 40}
SETTINGS = {"schema": 1, "ci": {"provider": "github", "install": "mltools-gitops==0.1.0"}}


def test_by_hand_there_is_no_provider() -> None:
    assert ci.detect({}) is None
    assert ci.context({}).trigger == "local"


def test_each_provider_knows_its_own_processes() -> None:
    assert ci.detect(GITHUB) is github
    assert ci.detect(HOOK) is hook
    assert ci.detect({"GITHUB_ACTIONS": "false"}) is None


def test_a_hook_inside_a_forges_job_is_a_hook() -> None:
    assert ci.context({**GITHUB, **HOOK}).trigger == "hook"


def test_every_provider_that_a_configuration_can_name_is_listed() -> None:
    named = parse_config(SETTINGS).ci
    assert named is not None
    assert named.provider in ci.PROVIDERS


def test_every_module_that_detects_is_listed() -> None:
    modules = {module.name for module in pkgutil.iter_modules(ci.__path__)}
    defining = {
        name for name in modules if "\ndef detect(" in (Path(ci.__path__[0]) / f"{name}.py").read_text()
    }
    assert defining == set(ci.PROVIDERS)


@pytest.mark.parametrize("name", sorted(ci.PROVIDERS))
def test_every_provider_does_nothing_by_itself_without_its_variables(name: str) -> None:
    provider = ci.PROVIDERS[name]
    assert not provider.detect({})
    assert provider.event_file({}) is None
    assert provider.connect({}) is None
    assert not provider.summary({}, "text")
    assert not provider.output({}, "name", "value")
    assert provider.read_context({}, {}).before is None


def test_a_hook_is_told_by_variables_what_was_pushed() -> None:
    context = ci.context({**HOOK, "MLTOOLS_DEFAULT_BRANCH": "trunk"})
    assert (context.trigger, context.branch, context.before) == ("hook", "topic", "c" * 40)
    assert (context.default_branch, context.runner, context.is_ci) == ("trunk", "hook", False)


def test_a_hook_for_a_new_branch_has_nothing_before() -> None:
    assert ci.context({**HOOK, "MLTOOLS_BEFORE": "0" * 40}).before is None
    assert ci.context({"MLTOOLS_TRIGGER": "hook"}).branch is None


def test_a_hook_has_no_workflows_and_no_annotations() -> None:
    assert hook.workflows(parse_config(SETTINGS), Facts()) == ()
    assert (hook.workflow_paths(""), hook.once()) == ({}, ())
    assert hook.annotate(Annotation("error", "x")) is None


def test_the_workflows_of_github_come_through_the_provider() -> None:
    assert github.workflows(parse_config(SETTINGS), Facts())[0].path == ".github/workflows/mltools.yml"
    assert github.workflow_paths("")["mltools-monitor"] == ".github/workflows/mltools-monitor.yml"
    assert [file.path for file in github.once()] == [".github/dependabot.yml"]


def test_the_event_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"before": "d" * 40}))
    assert ci.context({**GITHUB, "GITHUB_EVENT_PATH": str(path)}).before == "d" * 40


def test_a_missing_event_file_leaves_what_the_variables_tell(tmp_path: Path) -> None:
    context = ci.context({**GITHUB, "GITHUB_EVENT_PATH": str(tmp_path / "gone.json")})
    assert (context.branch, context.before) == ("main", None)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"x"', b"\xff\xfe", b"NaN", b"[" * 100_000])
def test_an_event_file_that_is_no_object_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)
    with pytest.raises(ProviderError, match=r"event\.json"):
        ci.context({**GITHUB, "GITHUB_EVENT_PATH": str(path)})
