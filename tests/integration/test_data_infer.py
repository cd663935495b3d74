"""`mltools data infer` as a user calls it."""

import gzip
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import make_repo, mltools

POLICY = "schema: 1\n# what is validated\ndata: []\n"
HEAD = "id,age,site,note,when\n"
ROWS = [
    f"{number},{20 + number % 50},{'north' if number % 3 else 'south'},note {number * 7919 % 1000},2026-01-{1 + number % 28:02}"
    for number in range(1, 201)
]
DATA = HEAD + "\n".join(ROWS) + "\n"
FILES = {"mltools.yaml": POLICY, "dvc.yaml": "stages: {}\n", "data/raw.csv": DATA}
CONTRACT = """\
# Inferred from data/raw.csv (200 rows); inferred again by `mltools data infer data/raw.csv`, which keeps your edits.
# Bounds lie beyond what was seen, so that a next batch keeps them; what was seen stands behind each column.
schema: 1
rows: {min: 100}
columns:
  id: {type: integer, required: true, unique: true, role: id}  # 200 of 200; all different
  age: {type: integer, required: true, minimum: 0, maximum: 120}  # 200 of 200; 20 to 69
  site: {type: category, required: true, enum: [north, south]}  # 200 of 200; north 134, south 66
  note: {type: string, required: true, max_length: 16}  # 200 of 200; all different, 6 to 8 characters
  when: {type: date, required: true, minimum: "2025-01-01", maximum: "2099-12-31"}  # 200 of 200; 2026-01-01 to 2026-01-28
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", FILES)


def contract(project: Path, name: str = "raw") -> str:
    return (project / f"schemas/{name}.yaml").read_text()


def change(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def everything(project: Path) -> dict[str, bytes]:
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_a_contract_is_written_with_its_evidence_and_remembered(project: Path) -> None:
    done = mltools(project, "data", "infer", "data/raw.csv")
    assert (done.code, done.out) == (
        0,
        "schemas/raw.yaml: 5 columns inferred from 200 rows of data/raw.csv\n",
    )
    assert done.err.splitlines() == [
        "hint: review it, then commit it with schemas/.inferred/raw.yaml",
        "hint: mltools.yaml does not list it yet; `--add` does, or add under `data`:",
        "  - path: data/raw.csv",
        "    schema: schemas/raw.yaml",
    ]
    assert contract(project) == CONTRACT
    assert (project / "schemas/.inferred/raw.yaml").read_text() == (
        "# What `mltools data infer` inferred last for schemas/raw.yaml, to tell a person's edits in that file from its "
        "own rules.\n# Commit it with the contract, and edit the contract alone.\n\n" + CONTRACT
    )


def test_the_data_pass_the_contract_that_was_added(project: Path) -> None:
    done = mltools(project, "data", "infer", "data/raw.csv", "--add")
    assert done.code == 0, done.err
    assert "mltools.yaml: lists data/raw.csv now" in done.err
    assert (project / "mltools.yaml").read_text() == (
        "schema: 1\n# what is validated\ndata:\n  - path: data/raw.csv\n    schema: schemas/raw.yaml\n"
    )
    assert mltools(project, "data", "validate").code == 0
    again = mltools(project, "data", "infer", "data/raw.csv", "--add")
    assert (again.code, again.err) == (0, "")
    assert again.out == "schemas/raw.yaml: inferred again from 200 rows of data/raw.csv: nothing changed\n"


def test_a_dry_run_shows_the_contract_and_writes_nothing(project: Path) -> None:
    before = everything(project)
    done = mltools(project, "data", "infer", "data/raw.csv", "--dry-run", "--add")
    assert (done.code, done.out) == (0, CONTRACT)
    assert everything(project) == before


def test_edits_are_kept_and_what_the_data_changed_is_shown(project: Path) -> None:
    mltools(project, "data", "infer", "data/raw.csv", "--add")
    change(
        project / "schemas/raw.yaml",
        {
            "schema: 1\n": "schema: 1\ndescription: who came, and when\n",
            "maximum: 120}  # 200 of 200; 20 to 69": "maximum: 65}  # ours: pensioners pay nothing",
            "  site: {type: category, required: true, enum: [north, south]}": (
                "\n  # the sites that we run\n"
                "  site:\n    type: category\n    enum: [north, south]\n    required: true\n   "
            ),
        },
    )
    rows = [f"{row},{'new' if index % 2 else 'old'}" for index, row in enumerate([*ROWS, *ROWS])]
    rows = [f"{1000 + index}," + row.split(",", 1)[1] for index, row in enumerate(rows)]
    data = "id,age,site,note,when,kind\n" + "\n".join(rows).replace(",note ", ",a longer note ") + "\n"
    (project / "data/raw.csv").write_text(data.replace(",south,", ",west,"))
    before = contract(project)
    shown = mltools(project, "data", "infer", "data/raw.csv", "--dry-run")
    assert contract(project) == before
    done = mltools(project, "data", "infer", "data/raw.csv")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "schemas/raw.yaml: inferred again from 400 rows of data/raw.csv: 4 changes",
        "  rows.min is 200, was 100",
        "  column site: enum is [north, west], was [north, south]",
        "  column note: max_length is 34, was 16",
        "  column kind was added: {type: category, required: true, enum: [new, old]}",
        "  kept yours: age.maximum 65 (data now reach 69)",
    ]
    assert shown.out.splitlines() == [
        line.replace(": inferred", ": would be inferred") for line in done.out.splitlines()
    ]
    assert contract(project) == textwrap.dedent(
        """\
        # Inferred from data/raw.csv (400 rows); inferred again by `mltools data infer data/raw.csv`, which keeps your edits.
        # Bounds lie beyond what was seen, so that a next batch keeps them; what was seen stands behind each column.
        schema: 1
        description: who came, and when
        rows: {min: 200}
        columns:
          id: {type: integer, required: true, unique: true, role: id}  # 400 of 400; all different
          age: {type: integer, required: true, minimum: 0, maximum: 65}  # ours: pensioners pay nothing

          # the sites that we run
          site:
            type: category
            enum: [north, west]
            required: true
             # 200 of 200; north 134, south 66
          note: {type: string, required: true, max_length: 34}  # 400 of 400; 200 different, 15 to 17 characters
          when: {type: date, required: true, minimum: "2025-01-01", maximum: "2099-12-31"}  # 400 of 400; 2026-01-01 to 2026-01-28
          kind: {type: category, required: true, enum: [new, old]}  # 400 of 400; new 200, old 200
        """
    )
    again = mltools(project, "data", "infer", "data/raw.csv")
    assert again.out.splitlines()[0].endswith("nothing changed")


def test_a_contract_that_a_person_wrote_only_gains_columns(project: Path) -> None:
    (project / "schemas").mkdir()
    mine = "schema: 1\ncolumns:\n  when: {type: date}   # mine\n  age: {type: integer, maximum: 40}\n"
    (project / "schemas/raw.yaml").write_text(mine)
    done = mltools(project, "data", "infer", "data/raw.csv")
    assert done.out.splitlines()[-1] == "  kept yours: age.maximum 40 (data now reach 69)"
    lines = contract(project).splitlines()
    assert [line for line in lines if line in mine.splitlines()] == mine.splitlines()
    added = [line.split(":")[0].strip() for line in lines if line not in mine.splitlines()]
    assert added == ["id", "site", "note"]
    assert "nothing changed" in mltools(project, "data", "infer", "data/raw.csv").out


def test_json_says_what_changed(project: Path) -> None:
    first = mltools(project, "data", "infer", "data/raw.csv", "--json").json
    assert (first["new"], first["written"], first["contract"], first["text"]) == (
        True,
        True,
        "schemas/raw.yaml",
        CONTRACT,
    )
    change(project / "schemas/raw.yaml", {"maximum: 120": "maximum: 65"})
    second = mltools(project, "data", "infer", "data/raw.csv", "--json", "--dry-run").json
    assert (second["new"], second["written"], second["changes"]) == (False, False, [])
    assert second["kept"] == ["age.maximum 65 (data now reach 69)"]
    assert second["rows"] == 200


def test_files_that_stay_the_same_are_not_touched(project: Path) -> None:
    mltools(project, "data", "infer", "data/raw.csv")
    for name in ("schemas/raw.yaml", "schemas/.inferred/raw.yaml"):
        os.utime(project / name, (1, 1))
    mltools(project, "data", "infer", "data/raw.csv")
    assert {
        (project / name).stat().st_mtime for name in ("schemas/raw.yaml", "schemas/.inferred/raw.yaml")
    } == {1}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("raw.tsv", DATA.replace(",", "\t").encode()),
        ("raw.csv.gz", gzip.compress(DATA.encode())),
        ("raw.jsonl", b'{"id": 1, "site": "a"}\n{"id": 2, "site": null}\n'),
    ],
)
def test_other_formats_have_a_contract_of_the_same_name(project: Path, name: str, content: bytes) -> None:
    (project / name).write_bytes(content)
    done = mltools(project, "data", "infer", name, "--add")
    assert done.code == 0, done.err
    assert mltools(project, "data", "validate").code == 0


def test_a_directory_of_part_files_is_one_data_set(project: Path) -> None:
    (project / "data/events").mkdir()
    for part in (0, 1):
        (project / f"data/events/part-{part}.csv").write_text(
            HEAD + "\n".join(ROWS[part * 100 : part * 100 + 100]) + "\n"
        )
    done = mltools(project, "data", "infer", "data/events/", "--add")
    assert (done.code, done.out) == (
        0,
        "schemas/events.yaml: 5 columns inferred from 200 rows of data/events\n",
    )
    assert contract(project, "events") == CONTRACT.replace("data/raw.csv", "data/events")
    assert mltools(project, "data", "validate").code == 0


def test_the_contract_of_a_listed_data_set_is_the_one_listed(project: Path) -> None:
    (project / "mltools.yaml").write_text(
        "schema: 1\ndata:\n  - {path: data/raw.csv, schema: contracts/people.yaml}\n"
    )
    done = mltools(project / "data", "data", "infer", "raw.csv")
    assert done.code == 0, done.err
    assert (project / "contracts/people.yaml").exists()
    assert (project / "contracts/.inferred/people.yaml").exists()
    assert done.err == "hint: review it, then commit it with contracts/.inferred/people.yaml\n"


def test_a_name_or_a_file_may_be_given(project: Path) -> None:
    assert mltools(project, "data", "infer", "data/raw.csv", "--name", "people").code == 0
    assert "`mltools data infer data/raw.csv --output schemas/people.yaml`" in contract(project, "people")
    assert mltools(project / "data", "data", "infer", "raw.csv", "--output", "../schemas/x.yaml").code == 0
    assert (project / "schemas/x.yaml").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--output", "../elsewhere.yaml"], "../elsewhere.yaml lies outside the project"),
        (["--output", "/tmp/elsewhere.yaml"], "/tmp/elsewhere.yaml lies outside the project"),
        (["--output", "link/x.yaml"], "link/x.yaml lies outside the project"),
        (["--output", "schemas"], "schemas is no .yaml file"),
        (["--output", "folder.yaml"], "folder.yaml is no .yaml file"),
        (["--output", "data/raw.csv"], "data/raw.csv is no .yaml file"),
        (["--name", "../x"], "'../x' is no name for a contract"),
        (["--name", ""], "'' is no name for a contract"),
        (["--name", "x", "--output", "schemas/x.yaml"], "--output and --name say the same"),
    ],
)
def test_a_place_that_cannot_be_meant_is_refused(
    project: Path, tmp_path: Path, args: list[str], message: str
) -> None:
    (project / "folder.yaml").mkdir()
    (project / "link").symlink_to(tmp_path)
    before = everything(project)
    done = mltools(project, "data", "infer", "data/raw.csv", *args)
    assert done.code == 2
    assert message in done.err
    assert everything(project) == before


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (
            "schema: 1\ncolumns:\n  age: {type: intger}\n",
            "schemas/raw.yaml:3: columns.age.type: 'intger' is not one of",
        ),
        ("schema: 1\ncolumns: {a: \n", "schemas/raw.yaml:3: not valid YAML"),
        ("", "schemas/raw.yaml:1: the file is empty"),
        ("<<<<<<< HEAD\nschema: 1\n=======\n", "schemas/raw.yaml:2: not valid YAML"),
    ],
)
@pytest.mark.parametrize("which", ["schemas/raw.yaml", "schemas/.inferred/raw.yaml"])
def test_a_contract_that_is_wrong_is_named_and_nothing_is_written(
    project: Path, content: str, place: str, which: str
) -> None:
    mltools(project, "data", "infer", "data/raw.csv")
    (project / which).write_text(content)
    before = everything(project)
    done = mltools(project, "data", "infer", "data/raw.csv", "--add")
    assert done.code == 2
    assert place.replace("schemas/raw.yaml", which) in done.err
    assert everything(project) == before


def test_values_shared_by_anchors_are_not_edited(project: Path) -> None:
    mltools(project, "data", "infer", "data/raw.csv")
    change(
        project / "schemas/raw.yaml",
        {
            "age: {type: integer, required: true, minimum: 0, maximum: 120}": "age: &x {type: integer, required: true, minimum: 0, maximum: 120}"
        },
    )
    text = contract(project) + "  years: *x\n"
    (project / "schemas/raw.yaml").write_text(text)
    base = project / "schemas/.inferred/raw.yaml"
    base.write_text(base.read_text() + "  years: {type: integer, required: true, minimum: 0, maximum: 120}\n")
    rows = [f"{row},{900 + index}" for index, row in enumerate(ROWS)]
    (project / "data/raw.csv").write_text(HEAD.strip() + ",years\n" + "\n".join(rows) + "\n")
    before = everything(project)
    done = mltools(project, "data", "infer", "data/raw.csv")
    assert done.code == 2
    assert (
        "schemas/raw.yaml: cannot be edited in place; perhaps its values are shared by YAML anchors"
        in done.err
    )
    assert "column years: maximum 120 was dropped" in done.err
    assert everything(project) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "data/none.csv: no such file"),
        ("x.csv", "", "data/x.csv: is empty, without even a header"),
        ("x.csv", "a,b\n", "data/x.csv: holds no rows, so there is nothing to infer from"),
        ("x.csv", "a,a\n1,2\n", "data/x.csv:1: columns 1 and 2 are both called a"),
        ("x.csv", "a,b\n1,2,3\n", "data/x.csv:2: 3 fields where the header has 2"),
        ("x.csv", 'a,b\n1,"2\n', "data/x.csv:"),
        ("x.csv", "a\n\udcff\n", "data/x.csv:2: not UTF-8 text"),
        ("x.csv", "a;b;c\n1;2;3\n", "separated by ';'"),
        ("x.csv.gz", "no gzip", "data/x.csv.gz: damaged or no gzip file"),
        ("x.parquet", "PAR1 no more", "data/x.parquet"),
        ("x.txt", "a\n1\n", "data/x.txt: the name does not tell the format"),
        ("x.csv", '""\n1\n', "data/x.csv: holds no column that a contract can name"),
        (
            "x.csv",
            ",".join(f"c{number}" for number in range(20_001)) + "\n",
            "20,001 columns; a contract holds 20,000 at most",
        ),
    ],
)
def test_data_that_cannot_be_read_are_named(
    project: Path, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (project / "data" / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    before = everything(project)
    done = mltools(project, "data", "infer", f"data/{name}")
    assert (done.code, done.out) == (3, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert everything(project) == before


def test_names_and_values_that_yaml_takes_for_something_else(project: Path) -> None:
    names = [
        "__proto__",
        "a|b",
        '"two\nlines"',
        "yes",
        "1.5",
        "null",
        "- x",
        "#",
        "a: b",
        "{x}",
        "<script>",
        "~",
        "ключ",
        "=cmd",
    ]
    values = [
        "yes",
        "null",
        "~",
        "1e3x",
        "- a",
        "#b",
        "a: b",
        "{",
        "*x",
        "&x",
        "!tag",
        "%",
        "2026",
        "=cmd|' /C calc'!A0",
    ]
    rows = [
        ",".join([values[number % 2] if number % 3 else f"'{value}'" for value in values])
        for number in range(120)
    ]
    rows += [",".join(values)] * 60
    (project / "data/odd.csv").write_text(",".join(names) + "\n" + "\n".join(rows) + "\n")
    done = mltools(project, "data", "infer", "data/odd.csv", "--add")
    assert done.code == 0, done.err
    assert mltools(project, "data", "validate").code == 0
    assert "nothing changed" in mltools(project, "data", "infer", "data/odd.csv").out


def test_few_rows_and_columns_of_gaps_are_said(project: Path) -> None:
    (project / "data/few.csv").write_text("a,b,\n1,,x\nNA,,y\n")
    done = mltools(project, "data", "infer", "data/few.csv", "--add")
    assert done.code == 0, done.err
    notes = [line for line in done.err.splitlines() if line.startswith("note:")]
    assert notes == [
        "note: only 2 rows: bounds are wide, and no list of values is taken for complete",
        "note: 'NA' is taken for 'no value': it stands 1 time",
        "note: column '' is left out: it has no name",
    ]
    assert "  b: {type: string}  # no value in any of 2 rows" in contract(project, "few")
    assert mltools(project, "data", "validate").code == 0


@pytest.mark.parametrize("absolute", [True, False])
def test_data_outside_the_project_have_a_contract_but_no_entry(
    project: Path, tmp_path: Path, *, absolute: bool
) -> None:
    (tmp_path / "far.csv").write_text(DATA)
    far = str(tmp_path / "far.csv") if absolute else os.path.relpath(tmp_path / "far.csv", project)
    done = mltools(project, "data", "infer", far)
    assert done.code == 0
    assert "--add" not in done.err
    assert (project / "schemas/far.yaml").exists()
    done = mltools(project, "data", "infer", far, "--add")
    assert done.code == 2
    assert "is no path inside the project, so mltools.yaml cannot list it" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written_leaves_both_files_as_they_were(project: Path) -> None:
    (project / "schemas").mkdir(mode=0o555)
    done = mltools(project, "data", "infer", "data/raw.csv")
    assert done.code == 3
    assert "cannot write" in done.err


def test_a_place_that_cannot_be_written_leaves_both_files_as_they_were(project: Path) -> None:
    mltools(project, "data", "infer", "data/raw.csv")
    (project / "data/raw.csv").write_text(DATA.replace(",69,", ",119,").replace(",20,", ",2,"))
    change(project / "schemas/raw.yaml", {"maximum: 120": "maximum: 110"})
    remembered = project / "schemas/.inferred"
    remembered.rename(project / "schemas/kept")
    remembered.write_text("in the way")
    before = everything(project)
    done = mltools(project, "data", "infer", "data/raw.csv")
    assert done.code == 3
    assert "cannot write" in done.err or "Not a directory" in done.err
    assert everything(project) == before


KILLED = """
import os, signal, sys
from pathlib import Path
replace = Path.replace
def replace_and_die(self, target):
    replace(self, target)
    os.kill(os.getpid(), signal.SIGKILL)
Path.replace = replace_and_die
from mltools.cli.app import main
sys.argv = ["mltools", "data", "infer", "data/raw.csv"]
main()
"""


def test_a_kill_between_the_two_files_loses_no_edit_and_makes_none(project: Path) -> None:
    mltools(project, "data", "infer", "data/raw.csv")
    change(project / "schemas/raw.yaml", {"maximum: 120": "maximum: 110"})
    (project / "data/raw.csv").write_text(DATA.replace("note ", "a longer note "))
    remembered = (project / "schemas/.inferred/raw.yaml").read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=project, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert "max_length: 34" in contract(project)
    assert (project / "schemas/.inferred/raw.yaml").read_bytes() == remembered
    again = mltools(project, "data", "infer", "data/raw.csv")
    assert again.out.splitlines()[0].endswith("nothing changed")
    # What was inferred is remembered now, so that it follows the data again.
    (project / "data/raw.csv").write_text(DATA)
    after = mltools(project, "data", "infer", "data/raw.csv")
    assert after.out.splitlines()[1:] == ["  column note: max_length is 16, was 34"]
    assert "maximum: 110" in contract(project)


def test_outside_a_project_there_is_nothing_to_infer_into(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text(DATA)
    done = mltools(tmp_path, "data", "infer", "raw.csv")
    assert done.code == 2
    assert "no mltools.yaml" in done.err


@pytest.mark.slow
@pytest.mark.full
def test_five_thousand_columns(project: Path) -> None:
    names = [f"column {number}" for number in range(5_000)]
    rows = [",".join(str(number * row % 97) for number in range(5_000)) for row in range(40)]
    (project / "data/wide.csv").write_text(",".join(names) + "\n" + "\n".join(rows) + "\n")
    done = mltools(project, "data", "infer", "data/wide.csv", "--add")
    assert done.code == 0, done.err
    assert mltools(project, "data", "validate").code == 0
