"""What `mltools data validate`, `export` and `import` write, as a user or a CI job gets it."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pandera.pandas as pandera
import pytest
import yaml
from frictionless import Resource, Schema
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mltools.core.contract import Contract, parse_contract
from mltools.core.exchange import EXPORTS, IMPORTS
from mltools.edges import documents
from mltools.edges.contracttext import tree_text
from tests.making_contracts import contracts
from tests.support import Result, make_repo, mltools

CONTRACT = """\
schema: 1
columns:
  id: {type: integer, required: true, unique: true}
  size:
    type: number
    minimum: 0
    maximum: 30
  note: {type: string, max_length: 3, severity: warn}
"""
POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
  - {path: data/good.csv, schema: schemas/raw.yaml}
"""
BAD = "id,size,note\n1,31.2,long\n2,1,ok\n"
FILES = {
    "sub/mltools.yaml": POLICY,
    "sub/dvc.yaml": "stages: {}\n",
    "sub/schemas/raw.yaml": CONTRACT,
    "sub/data/raw.csv": BAD,
    "sub/data/good.csv": "id,size,note\n1,0.5,ok\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a folder of its repository, with one data set of two that breaks its contract."""
    return make_repo(tmp_path_factory.mktemp("outputs"), FILES) / "sub"


def validate(project: Path, *args: str) -> Result:
    return mltools(project, "data", "validate", *args)


def test_annotations_stand_at_the_lines_of_the_contract_as_the_repository_has_it(project: Path) -> None:
    done = validate(project, "--format", "github")
    assert done.code == 1
    assert done.out.splitlines() == [
        (
            "::error title=mltools,file=sub/schemas/raw.yaml,line=7::"
            "data/raw.csv: 1 of 2 rows: size above maximum 30 (largest 31.2)"
        ),
        (
            "::warning title=mltools,file=sub/schemas/raw.yaml,line=8::"
            "data/raw.csv: 1 of 2 rows: note longer than 3 characters (longest 4)"
        ),
    ]


def test_a_junit_report_goes_to_a_file_and_the_table_to_the_terminal(project: Path, tmp_path: Path) -> None:
    report = tmp_path / "new folder" / "report.xml"
    done = validate(project, "--format", "junit", "--output", str(report))
    assert done.code == 1
    assert done.out.splitlines()[:2] == [
        "data           rows  size  contract          verdict",
        "data/raw.csv      2  32 B  schemas/raw.yaml  failed",
    ]
    assert done.err == f"wrote {report}\n"
    root = ET.parse(report).getroot()
    assert [(suite.get("name"), suite.get("failures"), suite.get("skipped")) for suite in root] == [
        ("data/raw.csv", "1", "1"),
        ("data/good.csv", "0", "0"),
    ]
    assert float(root.get("time", "0")) > 0


def test_markdown_is_the_report_s_section_on_data(project: Path) -> None:
    done = validate(project, "--format", "markdown", "--examples", "1", "data/raw.csv")
    assert done.code == 1
    assert done.out.splitlines() == [
        "#### Data",
        "",
        "| Data | Rows | Contract | Verdict |",
        "| --- | ---: | --- | --- |",
        "| `data/raw.csv` | 2 | `schemas/raw.yaml` | ❌ failed |",
        "",
        "| Where | Column | Rule | Rows | What | Examples |",
        "| --- | --- | --- | ---: | --- | --- |",
        (
            "| `schemas/raw.yaml:7` | `size` | maximum | 1 | "
            r"1 of 2 rows: size above maximum 30 \(largest 31.2\) | `row 1: 31.2` |"
        ),
        (
            "| `schemas/raw.yaml:8` | `note` | max\\_length | 1 | "
            r"1 of 2 rows: note longer than 3 characters \(longest 4\) | `row 1: long` |"
        ),
    ]


def test_json_can_be_asked_for_in_two_ways_and_written(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    one = validate(project, "--json")
    other = validate(project, "--format", "json", "--output", str(file))
    assert one.json == json.loads(file.read_text())
    assert other.out.startswith("data  ")


def test_two_forms_at_once_are_refused(project: Path) -> None:
    done = validate(project, "--json", "--format", "junit")
    assert done.code == 2
    assert "--json and --format junit are two forms; ask for one." in done.err


def test_a_report_that_cannot_be_written_is_said(project: Path) -> None:
    done = validate(project, "--format", "junit", "--output", "data/raw.csv/report.xml")
    assert done.code == 3
    assert "error: cannot write" in done.err


@pytest.mark.slow
def test_no_value_of_the_data_commands_the_runner_or_the_terminal(tmp_path: Path) -> None:
    names = ["##[add-mask]a", "::error::b", "<!--c-->", "d|e", "\x1b[31mf"]
    values = [
        "##[set-output name=x;]y",
        "::stop-commands::z",
        "]]><failure/>",
        "@octo [a](https://e.example)",
        "\x1b]0;t\x07",
    ]
    columns = "".join(f"  {json.dumps(name)}: {{type: integer}}\n" for name in names)
    row = ",".join('"{}"'.format(value.replace('"', '""')) for value in values)
    files = {
        **FILES,
        "sub/schemas/raw.yaml": f"schema: 1\ncolumns:\n{columns}",
        "sub/data/raw.csv": f"{','.join(names)}\n{row}\n",
    }
    place = make_repo(tmp_path / "hostile", files) / "sub"
    for form in ("table", "json", "markdown", "github", "junit"):
        done = validate(place, "--format", form, "data/raw.csv")
        assert done.code == 1, done.err
        for text in (done.out, done.err):
            assert "\x1b" not in text
            assert "\x07" not in text
            lines = [
                line
                for line in text.splitlines()
                if form != "github" or not line.startswith("::error title=mltools")
            ]
            # The runner takes `::` at the start of a line for a command, and `##[` wherever it stands.
            assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
        if form == "junit":
            assert [len(case) for case in ET.fromstring(done.out).iter("testcase")].count(1) == len(names)


def test_an_exported_contract_is_a_schema_of_the_other_tool(project: Path) -> None:
    made = mltools(project, "data", "export", "schemas/raw.yaml", "--to", "pandera")
    assert made.code == 0
    schema = pandera.DataFrameSchema.from_yaml(made.out)
    schema.validate(pd.read_csv(project / "data/good.csv"), lazy=True)
    with pytest.raises(pandera.errors.SchemaErrors):
        schema.validate(pd.read_csv(project / "data/raw.csv"), lazy=True)
    assert made.err.splitlines() == [
        (
            "warning: schemas/raw.yaml:8: columns.note.severity: pandera cannot warn of it without failing; the column is not "
            "checked"
        ),
        "warning: schemas/raw.yaml:1: rows: pandera passes a table of any number of rows, none among them",
    ]


def test_a_data_set_s_contract_is_exported_into_a_file(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "tableschema.json"
    made = mltools(
        project / "data", "data", "export", "raw.csv", "--to", "frictionless", "--output", str(file)
    )
    assert (made.code, made.out) == (0, "")
    schema = Schema.from_descriptor(json.loads(file.read_text()))
    for name, valid in (("good.csv", True), ("raw.csv", False)):
        assert Resource(path=name, basepath=str(project / "data"), schema=schema).validate().valid is valid


def test_the_only_contract_need_not_be_named(project: Path) -> None:
    made = mltools(project, "data", "export", "--to", "jsonschema")
    assert made.code == 0, made.err
    Draft202012Validator.check_schema(made.json)
    assert made.json["required"] == ["id", "size"]


def test_an_imported_schema_is_a_contract_that_says_what_it_lacks(tmp_path: Path) -> None:
    schema = pandera.DataFrameSchema(
        {
            "id": pandera.Column(int, pandera.Check.gt(0), unique=True),
            "size": pandera.Column(float, pandera.Check.in_range(0, 30), nullable=True, default=1.0),
        },
        strict=True,
    )
    written = str(schema.to_yaml())
    (tmp_path / "p.yaml").write_text(written)
    done = mltools(tmp_path, "data", "import", "p.yaml", "--from", "pandera", "--output", "schemas/raw.yaml")
    assert (done.code, done.out) == (0, "")
    text = (tmp_path / "schemas/raw.yaml").read_text()
    assert text.splitlines()[0] == "# not kept: columns.size.default: a contract has no word for it"
    line = next(number for number, said in enumerate(written.splitlines(), 1) if "default" in said)
    assert f"warning: p.yaml:{line}: columns.size.default: a contract has no word for it" in done.err
    contract = parse_contract(documents.read_yaml(text.encode(), "raw.yaml"), "raw.yaml")
    assert contract.columns["id"].minimum == 1
    assert contract.extra_columns == "forbid"
    again = mltools(tmp_path, "data", "import", "p.yaml", "--from", "pandera", "--output", "schemas/raw.yaml")
    assert again.code == 2
    assert "schemas/raw.yaml is there already" in again.err


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        ("frictionless", '{"fields": [\n{"name": "a",\n "type": "int"}]}', "f:3: fields[0].type: 'int' is no type"),
        ("frictionless", '{"fields": [\n{"name": ', "f:3: not valid YAML"),
        ("frictionless", "", "f:1: is no Table Schema: it holds no keys and values"),
        (
            "frictionless",
            '{"fields": [{"name": "a", "type": "integer",\n"constraints":\n{"minimum": 5,\n"maximum": 3}}]}',
            "f:4: columns.a.maximum: 3 is below the minimum 5",
        ),
        ("pandera", "columns:\n  a:\n    dtype: int64\n    isin: 3\n", "f:4: columns.a.isin: is no list of values"),
        ("pandera", "columns: [" + "[" * 200, "nested more than"),
        ("pandera", "columns: {a: {dtype: category, isin: [true]}}", "f:1: columns.a.enum: True is no text"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported_ends_with_2_and_its_line(
    tmp_path: Path, source: str, text: str, said: str
) -> None:
    (tmp_path / "f").write_text(text)
    done = mltools(tmp_path, "data", "import", "f", "--from", source)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not re.search("Traceback", done.err)


@pytest.mark.parametrize("target", ["pandera", "frictionless", "jsonschema"])
def test_an_exported_contract_commands_no_terminal(tmp_path: Path, target: str) -> None:
    name = "a\x1b[31m\x9b31m\x07\U000e0001"
    tree = {"schema": 1, "columns": {name: {"type": "integer", "role": "id"}}}
    (tmp_path / "c.yaml").write_text(documents.write_yaml(tree))
    done = mltools(tmp_path, "data", "export", "c.yaml", "--to", target)
    assert done.code == 0
    assert not set("\x1b\x9b\x07\U000e0001") & set(done.out + done.err)
    made = yaml.safe_load(done.out) if target == "pandera" else json.loads(done.out)
    assert repr(name) in repr(made)


def test_what_is_no_contract_and_no_data_set_is_refused(project: Path) -> None:
    for name, said in (("schemas/rew.yaml", "no such file"), ("data/row.csv", "did you mean data/raw.csv?")):
        done = mltools(project, "data", "export", name, "--to", "pandera")
        assert done.code == 2
        assert said in done.err


@settings(max_examples=60, deadline=None)
@given(made=contracts(("a", "two\nlines", "no", "# c", "\u202e'\"", "1")), head=st.text(max_size=20))
def test_the_file_of_an_imported_contract_says_what_was_imported(made: Contract, head: str) -> None:
    tree = IMPORTS["frictionless"](EXPORTS["frictionless"](made).tree, "t.json", lambda path: 1).tree  # noqa: ARG005
    assert documents.read_yaml(tree_text(tree, [head]).encode(), "c.yaml") == tree
