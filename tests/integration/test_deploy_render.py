"""`mltools deploy render`: what it writes is valid where it goes, starts by itself, and is the same each time."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mltools.core.deploying import FOLDERS
from mltools.deploying import _put
from mltools.errors import MltoolsError
from tests import kserve
from tests.e2e.stock import pack_requirements
from tests.registries import tag
from tests.releases import command
from tests.scorable import ROWS_GOOD, classifier, release, scorable
from tests.support import make_repo

BIN = Path(sys.executable).parent
TARGETS = list(FOLDERS)
ARGO = Path(__file__).parents[1] / "npm/node_modules/@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "A Tester")
            patch.setenv(f"GIT_{who}_EMAIL", "tester@example.com")
        return scorable(tmp_path_factory.mktemp("deployable"))


@pytest.fixture(scope="module")
def rendered(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A directory for each target."""
    top = tmp_path_factory.mktemp("rendered")
    for target in TARGETS:
        done = render(shared, top / target, "--target", target, "--image", "registry.example/team/toy")
        assert done.code == 0, done.err
        assert done.out == f"{top / target}\n"
    return {target: top / target for target in TARGETS}


def render(repo: Path, directory: Path, *args: str, reference: str = "toy@v1.0.0") -> Any:
    return command(repo, "deploy", "render", reference, "-o", str(directory), *args)


def content(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def manifests(directory: Path) -> dict[str, Any]:
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted(directory.rglob("*.yaml"))}


def argo_schema(kind: str) -> dict[str, Any]:
    """The schema in Argo's own definition of a resource, made strict: a word that it does not know is a fault."""
    text = (ARGO / f"{kind}.js").read_text()
    found = re.search(r"const schema = (\{.*?\n\});", text, re.DOTALL)
    assert found is not None
    schema: dict[str, Any] = json.loads(found[1])
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            node.pop("$ref", None)  # of metadata, which is Kubernetes' own
            if isinstance(node.get("properties"), dict):
                node.setdefault("additionalProperties", False)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return schema


def validated(*paths: Path) -> str:
    """What kubernetes-validate says, in its strict mode."""
    done = subprocess.run(
        [BIN / "kubernetes-validate", "--strict", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


class TestBundle:
    def test_holds_the_model_its_contract_the_server_and_exact_versions_alone(
        self, rendered: dict[str, Path]
    ) -> None:
        names = [name for name in content(rendered["bundle"]) if not name.startswith("server/")]
        (described,) = [name for name in names if name.endswith("version.json")]
        (model,) = [name for name in names if name.endswith(".skops")]
        assert set(names) - {described, model} == {
            "README.md", "deploy.json", "models/plan.json", "requirements.txt", "start.sh",
        }  # fmt: skip
        pins = [
            line
            for line in (rendered["bundle"] / "requirements.txt").read_text().splitlines()
            if line[0] != "#"
        ]
        assert all(re.fullmatch(r"[a-z0-9._-]+==[^=\s]+", line) for line in pins)
        named = {line.partition("==")[0] for line in pins}
        assert {"fastapi", "uvicorn", "skops", "scikit-learn", "numpy", "pandas", "starlette"} <= named
        assert not named & {"dvc", "gitpython", "click-didyoumean", "mltools-gitops", "duckdb", "jinja2"}
        assert "import mltools" not in "".join(path.read_text() for path in rendered["bundle"].rglob("*.py"))

    def test_says_which_rows_the_model_must_answer_and_how(self, rendered: dict[str, Path]) -> None:
        (described,) = rendered["bundle"].rglob("version.json")
        info = json.loads(described.read_text())
        assert len(info["smoke"]) == len(info["expected"]) == 1
        assert info["expected"][0] in {"yes", "no"}

    def test_is_the_same_bytes_each_time_and_can_be_checked(
        self, shared: Path, rendered: dict[str, Path], tmp_path: Path
    ) -> None:
        for target in ("bundle", "argo-rollouts"):
            options = ("--target", target, "--image", "registry.example/team/toy")
            again = tmp_path / target
            assert render(shared, again, *options).code == 0
            assert content(again) == content(rendered[target])
            assert render(shared, again, *options, "--check").code == 0
            (again / "README.md").write_text("mine\n")
            (again / "more.txt").write_text("mine\n")
            (again / "start.sh").unlink()
            stale = render(shared, again, *options, "--check")
            assert stale.code == 1
            assert stale.out == (
                "README.md is another one\nmore.txt does not belong there\nstart.sh is missing\n"
            )
            assert (again / "README.md").read_text() == "mine\n"

    def test_replaces_its_own_work_and_nothing_else(self, shared: Path, tmp_path: Path) -> None:
        place = tmp_path / "out"
        place.mkdir()
        assert render(shared, place).code == 0, "an empty directory is nobody's work"
        assert render(shared, place, "--target", "docker").code == 0
        assert (place / "Dockerfile").is_file()
        (place / "models/state.json").write_text("{}")
        assert render(shared, place).code == 0, "what the service writes is no change"
        assert not (place / "Dockerfile").exists()

        (place / "start.sh").write_text("mine\n")
        done = render(shared, place, "--target", "docker")
        assert (done.code, "start.sh is another one" in done.err) == (2, True), done.err
        assert (place / "start.sh").read_text() == "mine\n"
        assert render(shared, place, "--target", "docker", "--force").code == 0

        other = tmp_path / "other"
        other.mkdir()
        (other / "thesis.txt").write_text("mine\n")
        done = render(shared, other)
        assert (done.code, "--force" in done.err) == (2, True)
        (tmp_path / "file").write_text("mine\n")
        assert render(shared, tmp_path / "file").code == 2
        assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other", "out"]

    @pytest.mark.slow
    @pytest.mark.full
    def test_starts_in_an_environment_of_its_own_versions_and_answers(
        self, shared: Path, tmp_path: Path
    ) -> None:
        bundle, wheels = tmp_path / "bundle", tmp_path / "wheels"
        assert render(shared, bundle).code == 0
        pack_requirements((bundle / "requirements.txt").read_text().splitlines(), wheels)
        python = tmp_path / "serving/bin/python"
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--no-index", "--find-links", wheels, "--no-deps",
             "-r", bundle / "requirements.txt"], check=True, env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
        )  # fmt: skip
        subprocess.run([python, "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)
        with subprocess.Popen(
            ["sh", bundle / "start.sh", "--port", "0", "--log", tmp_path / "log"],
            env={"PYTHON": str(python), "PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True, cwd="/",
        ) as running:  # fmt: skip
            try:
                assert running.stdout is not None
                told = json.loads(running.stdout.readline())
                assert told["ready"] is True, told
                with urllib.request.urlopen(f"{told['address']}/health/ready", timeout=30) as answer:
                    assert json.load(answer)["status"] == "ready"
                request = urllib.request.Request(
                    f"{told['address']}/predict",
                    json.dumps({"rows": ROWS_GOOD}).encode(),
                    {"Content-Type": "application/json"},
                )
                with urllib.request.urlopen(request, timeout=30) as answer:
                    tree = json.load(answer)
            finally:
                running.terminate()
        assert running.returncode == 0
        import pandas as pd

        assert tree["predictions"] == list(classifier().predict(pd.DataFrame(ROWS_GOOD)))
        assert tree["model"] == "toy"

    def test_that_was_tampered_with_does_not_serve(self, rendered: dict[str, Path], tmp_path: Path) -> None:
        bundle = shutil.copytree(rendered["bundle"], tmp_path / "bundle")
        (model,) = bundle.rglob("*.skops")
        model.write_bytes(model.read_bytes() + b"x")
        with subprocess.Popen(
            ["sh", bundle / "start.sh", "--port", "0"],
            env={"PYTHON": sys.executable, "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as running:
            try:
                assert running.stdout is not None
                told = json.loads(running.stdout.readline())
            finally:
                running.terminate()
        assert told["ready"] is False
        assert "not what was released" in told["error"]


class TestDockerfile:
    def test_has_no_finding_of_hadolint(self, rendered: dict[str, Path]) -> None:
        done = subprocess.run(
            [BIN / "hadolint", rendered["docker"] / "Dockerfile"], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr

    def test_runs_as_nobody_in_two_stages_with_nothing_but_the_service(
        self, rendered: dict[str, Path]
    ) -> None:
        text = (rendered["docker"] / "Dockerfile").read_text()
        lines = text.splitlines()
        bases = [line for line in lines if line.startswith("FROM ")]
        python = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim-bookworm"
        assert bases == [f"FROM {python} AS build", f"FROM {python}"]
        last = text[text.rindex("\nFROM ") :]
        assert "\nUSER 10001:10001\n" in last
        assert "\nHEALTHCHECK " in last
        copied = re.findall(r"^COPY (.*)$", last, re.MULTILINE)
        assert copied == [
            "--from=build /opt/serving /opt/serving",
            "server server",
            "--chown=10001:10001 models models",
        ]
        assert not re.search(r"\b(dvc|git)\b", re.sub(r"^#.*$", "", text, flags=re.MULTILINE))

    def test_takes_a_base_by_its_digest(self, shared: Path, tmp_path: Path) -> None:
        base = f"registry.example:5000/python@sha256:{'a' * 64}"
        assert render(shared, tmp_path / "out", "--target", "docker", "--base", base).code == 0
        assert f"FROM {base} AS build\n" in (tmp_path / "out/Dockerfile").read_text()


class TestKubernetes:
    def test_manifests_match_the_schemas(self, rendered: dict[str, Path]) -> None:
        paths = sorted((rendered["kubernetes"] / "kubernetes").glob("*.yaml"))
        assert [path.stem for path in paths] == [
            "deployment", "networkpolicy", "poddisruptionbudget", "service",
        ]  # fmt: skip
        said = validated(*paths)
        assert said.startswith("0\n"), said
        assert said.count("passed for resource") == len(paths)
        assert "WARN" not in said

    def test_schemas_would_refuse_a_misspelt_word(self, rendered: dict[str, Path], tmp_path: Path) -> None:
        text = (rendered["kubernetes"] / "kubernetes/deployment.yaml").read_text()
        (tmp_path / "wrong.yaml").write_text(text.replace("readinessProbe", "readynessProbe"))
        assert "readynessProbe" in validated(tmp_path / "wrong.yaml")

    @pytest.mark.parametrize(("target", "file"), [("kubernetes", "deployment"), ("argo-rollouts", "rollout")])
    def test_pods_are_confined_probed_and_bounded(
        self, rendered: dict[str, Path], target: str, file: str
    ) -> None:
        pod = manifests(rendered[target])[f"{file}.yaml"]["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for one in (*pod["containers"], *pod["initContainers"]):
            assert one["image"] == "registry.example/team/toy:1.0.0"
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert one["resources"]["limits"]["memory"]
            mounted = {mount["name"] for mount in one["volumeMounts"]}
            assert mounted <= {volume["name"] for volume in pod["volumes"]}
        (server,) = pod["containers"]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(server)
        assert pod["terminationGracePeriodSeconds"] > 30, (
            "longer than the service needs to answer what is under way"
        )

    @pytest.mark.parametrize("target", ["kubernetes", "argo-rollouts"])
    def test_selectors_find_the_pods(self, rendered: dict[str, Path], target: str) -> None:
        found = manifests(rendered[target])
        (workload,) = [tree for tree in found.values() if tree["kind"] in {"Deployment", "Rollout"}]
        labels = workload["spec"]["template"]["metadata"]["labels"]
        for tree in found.values():
            spec = tree["spec"]
            selector = spec.get("selector") or spec.get("podSelector")
            if selector is not None:
                wanted = selector.get("matchLabels", selector)
                assert wanted.items() <= labels.items(), tree["kind"]
        (port,) = workload["spec"]["template"]["spec"]["containers"][0]["ports"]
        for tree in found.values():
            if tree["kind"] == "Service":
                assert [one["targetPort"] for one in tree["spec"]["ports"]] == [port["name"]]


class TestRollouts:
    def test_a_canary_goes_in_steps_between_services_that_there_are(self, rendered: dict[str, Path]) -> None:
        found = manifests(rendered["argo-rollouts"])
        canary = found["rollout.yaml"]["spec"]["strategy"]["canary"]
        services = {tree["metadata"]["name"] for tree in found.values() if tree["kind"] == "Service"}
        assert {canary["canaryService"], canary["stableService"]} <= services
        weights = [step["setWeight"] for step in canary["steps"] if "setWeight" in step]
        assert weights == sorted(weights)
        assert all(0 < weight < 100 for weight in weights)
        template = found["analysistemplate.yaml"]
        assert [one["templateName"] for one in canary["analysis"]["templates"]] == [
            template["metadata"]["name"]
        ]
        assert [arg["name"] for arg in template["spec"]["args"]] == [
            arg["name"] for arg in canary["analysis"]["args"]
        ]
        (metric,) = template["spec"]["metrics"]
        assert f"//{canary['canaryService']}." in metric["provider"]["web"]["url"]

    @pytest.mark.full
    def test_its_resources_match_argos_own_definitions(self, rendered: dict[str, Path]) -> None:
        found = manifests(rendered["argo-rollouts"])
        for kind in ("Rollout", "AnalysisTemplate"):
            faults = list(
                jsonschema.Draft7Validator(argo_schema(kind)).iter_errors(found[f"{kind.lower()}.yaml"])
            )
            assert [(list(fault.path), fault.message) for fault in faults] == []

    @pytest.mark.full
    @pytest.mark.parametrize(
        ("right", "wrong"), [("setWeight: 25", "setWeight: 25%"), ("canaryService", "canarySvc")]
    )
    def test_argos_definitions_would_refuse_a_wrong_word(
        self, rendered: dict[str, Path], right: str, wrong: str
    ) -> None:
        text = (rendered["argo-rollouts"] / "kubernetes/rollout.yaml").read_text()
        tree = yaml.safe_load(text.replace(right, wrong))
        assert list(jsonschema.Draft7Validator(argo_schema("Rollout")).iter_errors(tree))

    def test_its_pods_and_all_that_is_no_resource_of_argos_match_the_schemas(
        self, rendered: dict[str, Path], tmp_path: Path
    ) -> None:
        """A Rollout is a Deployment with another strategy."""
        tree = manifests(rendered["argo-rollouts"])["rollout.yaml"]
        deployment = {
            **tree,
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {key: value for key, value in tree["spec"].items() if key != "strategy"},
        }
        (tmp_path / "rollout.yaml").write_text(yaml.safe_dump(deployment))
        plain = [
            path
            for path in sorted((rendered["argo-rollouts"] / "kubernetes").glob("*.yaml"))
            if path.stem not in {"rollout", "analysistemplate"}
        ]
        said = validated(tmp_path / "rollout.yaml", *plain)
        assert said.startswith("0\n"), said
        assert "WARN" not in said


class TestKserve:
    def test_the_predictor_is_our_image_with_the_protocols_probes(
        self, rendered: dict[str, Path], tmp_path: Path
    ) -> None:
        (tree,) = manifests(rendered["kserve"]).values()
        assert (tree["apiVersion"], tree["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
        predictor = tree["spec"]["predictor"]
        own = {"minReplicas", "maxReplicas", "canaryTrafficPercent", "timeout"}
        (container,) = predictor["containers"]
        assert container["name"] == "kserve-container"
        assert container["image"] == "registry.example/team/toy:1.0.0"
        # What is not KServe's own is a pod, and has its schema.
        pod = {key: value for key, value in predictor.items() if key not in own}
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": tree["metadata"]["name"]},
            "spec": pod,
        }
        (tmp_path / "pod.yaml").write_text(yaml.safe_dump(manifest))
        said = validated(tmp_path / "pod.yaml")
        assert said.startswith("0\n"), said

    @pytest.mark.full
    def test_it_matches_kserves_own_description(self, rendered: dict[str, Path]) -> None:
        (tree,) = manifests(rendered["kserve"]).values()
        faults = list(kserve.inference_services().iter_errors(tree))
        assert [(list(fault.path), fault.message) for fault in faults] == []

    @pytest.mark.full
    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("canaryTrafficPercent: 10", "canaryTrafficPercentage: 10"),
            ("canaryTrafficPercent: 10", "canaryTrafficPercent: 10%"),
            ("minReplicas: 1", 'minReplicas: "1"'),
            ("timeout: 60", "timeoutSeconds: 60"),
            ("predictor:", "predictors:"),
            ("runAsNonRoot: true", "runAsNonroot: true"),
            ("readinessProbe:", "readyProbe:"),
            ('cpu: "250m"', "cpu: [1]"),
            ('- name: "kserve-container"\n        image', "- image"),
            ('kind: "InferenceService"\n', ""),
        ],
    )
    def test_kserves_description_would_refuse_a_wrong_word(
        self, rendered: dict[str, Path], right: str, wrong: str
    ) -> None:
        (path,) = (rendered["kserve"] / "kserve").glob("*.yaml")
        text = path.read_text()
        assert right in text
        tree = yaml.safe_load(text.replace(right, wrong))
        assert list(kserve.inference_services().iter_errors(tree))


class TestRefusals:
    def test_of_a_model_that_cannot_be_loaded_here(self, tmp_path: Path) -> None:
        repo = make_repo(tmp_path / "repo", {"a": "b"})
        release(repo, "v1.0.0", b"no archive")
        done = render(repo, tmp_path / "out")
        assert (done.code, "cannot be loaded" in done.err) == (3, True), done.err
        assert not (tmp_path / "out").exists()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["repo"]

    def test_of_a_release_that_is_not_what_its_tag_says(self, tmp_path: Path) -> None:
        repo = scorable(tmp_path / "repo", lock_md5="0" * 32)
        done = render(repo, tmp_path / "out")
        assert (done.code, "is not what was released" in done.err) == (3, True), done.err

    def test_of_an_environment_that_is_not_what_the_project_asks_for(self, tmp_path: Path) -> None:
        wanted = {"requirements.txt": "# ours\nnumpy>=1.26  # fine\n-r more.txt\nscikit-learn==0.1\n"}
        repo = scorable(tmp_path / "repo", files=wanted)
        done = render(repo, tmp_path / "out")
        assert done.code == 3
        assert "scikit-learn" in done.err
        assert "scikit-learn==0.1 is asked for" in done.err

    @pytest.mark.parametrize("image", ["Toy", "a b", "toy:", "$(touch x)", "-x", "toy@sha256:1"])
    def test_of_names_that_no_registry_takes(self, shared: Path, tmp_path: Path, image: str) -> None:
        done = render(shared, tmp_path / "out", "--target", "docker", f"--image={image}")
        assert (done.code, "names no image" in done.err) == (2, True), done.err

    def test_of_what_there_is_not(self, shared: Path, tmp_path: Path) -> None:
        for reference in ("toy@v9.0.0", "toys", "toy#prod"):
            assert render(shared, tmp_path / "out", reference=reference).code == 2


def test_a_stage_and_a_name_with_a_directory_in_it_give_names_that_clusters_take(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "b"})
    release(repo, "v1.0.0", classifier(), name="models/a:toy-model")
    tag(repo, "models/a=toy-model#prod#1")
    done = render(repo, tmp_path / "out", "--target", "kubernetes", reference="models/a:toy-model#prod")
    assert done.code == 0, done.err
    for tree in manifests(tmp_path / "out").values():
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", tree["metadata"]["name"])


def test_a_directory_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    scratch, target = tmp_path / "scratch", tmp_path / "top/out"
    scratch.mkdir()
    target.mkdir(parents=True)
    (target / "theirs").write_text("kept")
    with pytest.raises(MltoolsError, match="cannot write"):
        _put(target.parent, target, scratch)  # no directory can be moved into itself
    assert (target / "theirs").read_text() == "kept"
