"""Every project template: its files parse, whatever the project is called; what it declares fits together."""

import ast
import csv
import io
import json
import tomllib
from pathlib import PurePosixPath
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from mltools.core.contract import parse_contract
from mltools.core.pipeline import parse_pipeline
from mltools.edges import documents, templates
from mltools.edges.templates import RenderedFile
from mltools.project import config_from
from mltools.scaffold import template
from tests.templates import hostile

ALL = templates.projects()
CI = {"provider": "github", "python": "3.12", "install": "mltools-gitops==0.1.0"}


def render(name: str, project: str = "demo", ci: dict[str, str] | None = CI) -> dict[str, RenderedFile]:
    files = template.files(template.load(name), name=project, ci=ci)
    return {file.path: file for file in files}


def parse(path: str, content: bytes) -> Any:
    text = content.decode()
    match PurePosixPath(path).suffix:
        case ".py":
            return ast.parse(text, path)
        case ".toml":
            return tomllib.loads(text)
        case ".json":
            return json.loads(text)
        case ".yaml" | ".yml" | ".dvc":
            return documents.read_yaml(content, path)
    return text


def test_there_are_templates() -> None:
    assert {"tabular-classification", "tabular-regression"} <= set(ALL)


@pytest.mark.parametrize("project", hostile.PROJECTS)
@pytest.mark.parametrize("name", ALL)
def test_every_file_parses_whatever_the_project_is_called(name: str, project: str) -> None:
    plain = render(name)
    for path, file in render(name, project).items():
        parsed = parse(path, file.content)
        assert parsed, path
        if path.endswith(".py"):
            assert file.content == plain[path].content, f"{path}: a name is no code"
        assert b"<%" not in file.content or "<%" in project, path


@pytest.mark.parametrize("name", ALL)
def test_what_a_template_declares_fits_together(name: str) -> None:
    files = render(name)
    config = config_from(files["mltools.yaml"].content, "mltools.yaml")
    pipeline = parse_pipeline(documents.read_yaml(files["dvc.yaml"].content, "dvc.yaml"))
    assert pipeline.unsure is None
    assert [stage.name for stage in pipeline.stages] == ["prepare", "train", "evaluate"]
    made = {stage.place(out.path) for stage in pipeline.stages for out in stage.outs}
    there = made | set(files) | {source.path for source in config.data}
    assert {stage.place(dep) for stage in pipeline.stages for dep in stage.deps} <= there
    assert config.release is not None
    artifact = pipeline.artifacts[config.release.model]
    assert artifact.type == "model"
    assert artifact.path in made
    assert set(pipeline.plots) <= made
    for source in config.data:
        assert f"{source.path}.dvc" in files
        contract = parse_contract(documents.read_yaml(files[source.contract].content, ""), source.contract)
        header = next(csv.reader(io.StringIO(files[source.path].content.decode())))
        assert header == list(contract.columns)
        params = documents.read_yaml(files["params.yaml"].content, "params.yaml")
        assert contract.columns[params["data"]["id"]].role == "id"
        assert contract.columns[params["data"]["target"]].role == "target"


@pytest.mark.parametrize("name", ALL)
def test_a_project_without_a_forge_says_nothing_of_one(name: str) -> None:
    config = config_from(render(name, ci=None)["mltools.yaml"].content, "mltools.yaml")
    assert config.ci is None


@pytest.mark.parametrize("name", ALL)
def test_small_outputs_live_in_git_and_the_rest_in_the_store(name: str) -> None:
    pipeline = parse_pipeline(documents.read_yaml(render(name)["dvc.yaml"].content, "dvc.yaml"))
    for stage in pipeline.stages:
        for out in stage.outs:
            assert out.cache is (out.path.split("/")[0] in {"data", "models"}), out.path


@pytest.mark.parametrize("name", ALL)
def test_a_template_is_a_folder_and_its_manifest(name: str) -> None:
    loaded = template.load(name)
    assert loaded.manifest.description
    own = {path for path in render(name) if not path.endswith(".dvc")}
    listed = {
        str(path.relative_to(templates.root() / folder)).removesuffix(".j2")
        for folder in loaded.folders
        for path in (templates.root() / folder).rglob("*.j2")
    }
    assert own == listed - {"template.yaml"}


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(name)["data/raw.csv"].content.decode())))


def test_the_tumours_are_those_of_scikit_learn() -> None:
    source, shipped = load_breast_cancer(), rows("tabular-classification")
    assert [name.replace(" ", "_") for name in source.feature_names] == list(shipped[0])[1:-1]
    assert [list(map(float, list(row.values())[1:-1])) for row in shipped] == source.data.tolist()
    assert [row["diagnosis"] for row in shipped] == [str(source.target_names[t]) for t in source.target]
    assert [row["id"] for row in shipped] == [str(n) for n in range(1, 570)]


def test_the_patients_are_those_of_scikit_learn() -> None:
    source, shipped = load_diabetes(scaled=False), rows("tabular-regression")
    assert [list(map(float, list(row.values())[1:-1])) for row in shipped] == source.data.tolist()
    assert [float(row["progression"]) for row in shipped] == source.target.tolist()
    assert [row["id"] for row in shipped] == [str(n) for n in range(1, 443)]
