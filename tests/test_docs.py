"""What is written is true."""

import re
from pathlib import Path

import jsonschema
import pytest

from mltools.cli.app import COMMANDS
from mltools.core.config import FILE
from mltools.edges import documents
from tools import reference

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", list(reference.documents()))
def test_the_reference_is_what_the_models_say(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == reference.documents()[name], (
        "run `python -m tools.reference`"
    )


def test_the_published_schema_of_contracts_accepts_our_own() -> None:
    schema = documents.read_json((ROOT / "docs/contract.schema.json").read_bytes(), "schema")
    tree = documents.read_yaml((ROOT / "schemas/raw.yaml").read_bytes(), "schemas/raw.yaml")
    jsonschema.validate(tree, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**tree, "colums": {}}, schema)


def test_the_published_schema_accepts_our_own_configuration_and_refuses_a_typo() -> None:
    schema = documents.read_json((ROOT / "docs/mltools.schema.json").read_bytes(), "schema")
    tree = documents.read_yaml((ROOT / FILE).read_bytes(), FILE)
    jsonschema.validate(tree, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**tree, "gats": []}, schema)


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if f"`mltools {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_installs_the_stranger(page: Path) -> None:
    assert not re.search(r"install\s+(-\S+\s+)*[\"']?mltools(?![-\w])", page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_in_pages_is_yaml(page: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        documents.read_yaml(block.encode(), page.name)
