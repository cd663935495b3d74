"""`mltools data profile` as a user calls it."""

from pathlib import Path

import pytest

from mltools.core.profile import parse_profile, profile_id
from tests.support import make_repo, mltools

CONTRACT = """\
schema: 1
columns:
  id: {type: integer, role: id}
  size: {type: number}
  kind: {type: category}
  income: {type: number, role: sensitive}
"""
POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
  - {path: data/more.csv, schema: schemas/raw.yaml}
"""
ROWS = "".join(f"{row},{row % 20 / 10},{'ab'[row % 3 % 2]},{1000 + row}\n" for row in range(100))
DATA = f"id,size,kind,income\n{ROWS},,,\nx,x,,\n"
FILES = {
    "mltools.yaml": POLICY,
    "dvc.yaml": "stages: {}\n",
    "schemas/raw.yaml": CONTRACT,
    "data/raw.csv": DATA,
    "data/more.csv": "id,size,kind,income\n",
}
UTF_8 = {"PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", FILES)


def test_every_data_set_is_a_table_with_a_line_for_each_column(project: Path) -> None:
    done = mltools(project, "data", "profile", env=UTF_8)
    assert done.code == 0, done.err
    first, rest = done.out.split("\n\n")
    headline, *lines = first.splitlines()
    assert headline.startswith("data/raw.csv: 102 rows, 4 columns, profile ")
    assert lines == [
        "column  type               no value  invalid  distinct  values",
        "id      integer, id          0.98 %   0.98 %      ~100  not kept",
        "size    number               0.98 %   0.98 %        20  0  0.9  1.9     ████████████████████",
        "kind    category             1.96 %                  2  a 67 %, b 33 %",
        "income  number, sensitive    1.96 %                     not kept",
    ]
    assert rest.startswith("data/more.csv: 0 rows, 4 columns, profile ")
    assert done.err == ""


def test_a_terminal_that_knows_only_ascii_gets_no_pictures(project: Path) -> None:
    done = mltools(project, "data", "profile", "data/raw.csv", env={"PYTHONIOENCODING": "ascii"})
    assert done.code == 0, done.err
    assert done.out.isascii()


def test_json_is_the_same_each_time_and_a_profile(project: Path) -> None:
    one, other = (mltools(project, "data", "profile", "--json") for _ in range(2))
    assert one.code == 0, one.err
    assert one.out == other.out
    assert one.json["schema"] == 1
    assert [item.pop("path") for item in one.json["data"]] == ["data/raw.csv", "data/more.csv"]
    for item in one.json["data"]:
        tree = {name: value for name, value in item.items() if name not in {"path", "id"}}
        assert profile_id(parse_profile(tree, "x")) == item["id"]
    assert "1042" not in one.out, "an income"


def test_json_goes_to_a_file_and_the_table_to_the_terminal(project: Path) -> None:
    done = mltools(project / "data", "data", "profile", "raw.csv", "--output", "../p.json")
    assert done.code == 0, done.err
    assert done.out.startswith("data/raw.csv: 102 rows")
    assert done.err == "wrote ../p.json\n"
    again = mltools(project, "data", "profile", "data/raw.csv", "--json")
    assert (project / "p.json").read_text() == again.out


def test_data_that_are_not_listed_are_profiled_by_the_types_they_seem_to_have(project: Path) -> None:
    (project / "new.csv").write_text(DATA)
    done = mltools(project, "data", "profile", "new.csv", "--json")
    assert done.code == 0, done.err
    (found,) = done.json["data"]
    assert found["path"] == "new.csv"
    assert {"size", "kind", "income"} <= {column["name"] for column in found["columns"]}


def test_data_are_profiled_outside_a_project_too(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("a,b\n1,x\n2,y\n")
    done = mltools(tmp_path, "data", "profile", "new.csv")
    assert done.code == 0, done.err
    assert done.out.startswith("new.csv: 2 rows, 2 columns, profile ")


def test_a_directory_of_part_files_is_one_data_set(project: Path) -> None:
    (project / "parts").mkdir()
    for part in range(2):
        (project / "parts" / f"{part}.csv").write_text(DATA)
    done = mltools(project, "data", "profile", "parts")
    assert done.code == 0, done.err
    assert done.out.startswith("parts: 204 rows")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data/rww.csv", "error: data/rww.csv is no data set of mltools.yaml; did you mean data/raw.csv?"),
        ("s3://bucket/x.csv", "error: s3://bucket/x.csv is no data set of mltools.yaml"),
    ],
)
def test_what_is_nowhere_is_wrong_usage(project: Path, path: str, said: str) -> None:
    done = mltools(project, "data", "profile", path)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == said


def test_outside_a_project_a_path_must_be_there(tmp_path: Path) -> None:
    done = mltools(tmp_path, "data", "profile", "nope.csv")
    assert done.code == 3
    assert done.err.splitlines()[0] == "error: nope.csv: no such file"
    done = mltools(tmp_path, "data", "profile")
    assert done.code == 2
    assert done.err.startswith("error: no mltools.yaml in ")


def test_what_cannot_be_read_does_not_hide_the_rest(project: Path) -> None:
    (project / "data/more.csv").write_text("id,size\n1\n")
    done = mltools(project, "data", "profile")
    assert done.code == 3
    assert done.out.startswith("data/raw.csv: 102 rows")
    assert "error: data/more.csv:2: 1 field where the header has 2" in done.err
    assert "Traceback" not in done.err


def test_a_contract_that_cannot_be_right_is_told_with_its_line(project: Path) -> None:
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("number", "decimal"))
    done = mltools(project, "data", "profile")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: schemas/raw.yaml:4: columns.size.type: 'decimal' is not one of")


def test_a_project_without_data_sets_is_told_how_to_list_some(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "empty", {"mltools.yaml": "schema: 1\n", "dvc.yaml": "stages: {}\n"})
    done = mltools(root, "data", "profile")
    assert (done.code, done.out) == (0, "no data sets\n")
    assert done.err.startswith("hint: list them in mltools.yaml")
    assert mltools(root, "data", "profile", "--json").json == {"schema": 1, "data": []}
