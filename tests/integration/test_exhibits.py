"""What a pipeline left to be looked at, from real files: plots, pictures, a project's own sections."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from mltools import exhibits
from mltools.core.plots import Curves, Matrix
from mltools.exhibits import Exhibits
from mltools.project import open_project
from tests.pictures import png
from tests.support import make_repo

ROC = "fpr,tpr\n0,0\n0,0.5\n1,1\n"
CONFUSION = "actual,predicted\na,a\nb,a\n"
DVC = """\
stages:
  draw:
    cmd: "true"
    plots:
      - plots/stage.png
plots:
  - reports/roc.csv: {x: fpr, y: tpr, title: ROC}
  - reports/confusion.csv: {x: predicted, y: actual, template: confusion}
  - plots/top.png: {title: A picture}
"""


def found(place: Path, files: Mapping[str, str | bytes], *, dvc: str = DVC, config: str = "") -> Exhibits:
    """What is collected from a project of these files."""
    root = make_repo(place / "project", {"mltools.yaml": f"schema: 1\n{config}", "dvc.yaml": dvc})
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return exhibits.collect(open_project(root))


def test_plots_and_pictures_are_read_where_dvc_yaml_declares_them(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "reports/roc.csv": ROC,
        "reports/confusion.csv": CONFUSION,
        "plots/top.png": png(3, 2),
        "plots/stage.png": png(4, 4),
    }
    made = found(tmp_path, files)
    assert [type(plot) for plot in made.plots] == [Curves, Matrix]
    assert [(image.path, image.title, image.width) for image in made.images] == [
        ("plots/top.png", "A picture", 3),
        ("plots/stage.png", "", 4),
    ]
    assert made.images[0].sha256 == sha256(png(3, 2)).hexdigest()
    assert made.problems == ()


def test_what_is_not_there_is_nothing_to_complain_of(tmp_path: Path) -> None:
    assert found(tmp_path, {}) == Exhibits()


def test_a_directory_of_plots_is_looked_through(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "out/b.csv": "x,loss\n1,2\n",
        "out/deep/a.png": png(),
        "out/notes.txt": "no plot",
        "out/c.svg": "<svg/>",
    }
    made = found(tmp_path, files, dvc="plots: [out]\n")
    assert [plot.path for plot in made.plots] == ["out/b.csv"]
    assert [image.path for image in made.images] == ["out/deep/a.png"]


def test_json_of_other_tools_is_read_too(tmp_path: Path) -> None:
    text = '{"roc": [{"fpr": 0.0, "tpr": 0.0, "threshold": Infinity}, {"fpr": 1.0, "tpr": 1.0, "threshold": 0.1}]}'
    (plot,) = found(tmp_path, {"roc.json": text}, dvc="plots: [{roc.json: {x: fpr, y: tpr}}]\n").plots
    assert isinstance(plot, Curves)
    assert plot.lines[0].points == ((0.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.csv", "a,b\n", "it holds no rows"),
        ("p.csv", b"\xff\xfe\x00", "cannot be read"),
        ("p.csv", 'a,b\n1,"' + "x" * 200_000, "cannot be read"),
        ("p.csv", "a\n" + "1\n" * 3_000_000, "5,242,880 are the most"),
        ("p.json", "{", "not valid JSON"),
        ("p.json", "[" * 100_000, "nested too deeply"),
        ("p.json", '{"a": 1}', "it holds no rows"),
        ("p.yaml", "a: [", "not valid YAML"),
        ("p.png", b"GIF89a", "it does not begin as a PNG"),
        ("p.png", png() + b"<script>", "something follows its end"),
        ("p.png", b"\x89PNG" + b"0" * (3 << 20), "2,097,152 are the most"),
    ],
)
def test_what_cannot_be_shown_is_said_and_stops_nothing(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    made = found(tmp_path, {name: content}, dvc=f"plots: [{name}]\n")
    (problem,) = made.problems
    assert problem.startswith(f"{name} is not shown: ")
    assert said in problem
    assert (made.plots, made.images) == ((), ())


def test_a_link_that_leads_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "secret.png").write_bytes(png())
    (tmp_path / "project").mkdir()
    (tmp_path / "project/p.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "project/p.png").symlink_to(tmp_path / "secret.png")
    dvc = "plots: [p.csv, p.png, ../secret.csv, /etc/passwd]\n"
    config = "report: {extra: [{title: T, file: p.csv}]}\n"
    made = found(tmp_path, {}, dvc=dvc, config=config)
    assert made == Exhibits(problems=("the section 'T' is not shown: there is no file p.csv",))


EXTRA = "report: {extra: [{title: Notes, file: notes.md}]}\n"


def test_a_projects_own_section_is_its_file(tmp_path: Path) -> None:
    (extra,) = found(tmp_path, {"notes.md": "\ufeff**x**\n"}, config=EXTRA).extras
    assert (extra.title, extra.text) == ("Notes", "**x**\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "no text in UTF-8"),
        (b"x" * 20_001, "20,001 characters; 20,000 are the most"),
        (None, "no file"),
    ],
)
def test_a_section_that_cannot_be_shown_is_said(tmp_path: Path, content: bytes | None, said: str) -> None:
    made = found(tmp_path, {} if content is None else {"notes.md": content}, config=EXTRA)
    assert made.extras == ()
    assert said in made.problems[0]


def test_pictures_are_handed_on_as_they_were_when_they_were_counted(tmp_path: Path) -> None:
    files = {"plots/top.png": png(3, 2), "plots/stage.png": png(4, 4)}
    made = found(tmp_path, files)
    root = tmp_path / "project"
    (root / "plots/stage.png").write_bytes(png(5, 5))
    assert exhibits.pictures(root, made.images) == {made.images[0].sha256: png(3, 2)}
