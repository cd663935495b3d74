"""`mltools noise`: a real pipeline trained again under other seeds, and gates that speak in multiples of the noise."""

from pathlib import Path

import pytest

from tests.projects import FILES, make_project
from tests.support import commit, git, mltools

pytestmark = pytest.mark.slow

# The quality of the toy model moves with the seed, a thousandth each.
SEEDED = FILES["train.py"].replace(
    "rows =",
    'quality += 0.001 * int(re.search(r"seed: (\\d+)", pathlib.Path("params.yaml").read_text())[1])\nrows =',
)
GATES = """\
gates:
  - {name: kept, kind: regression, metric: test.auc, better: higher, noise: 3}
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    policy = FILES["mltools.yaml"]
    start, end = policy.index("gates:"), policy.index("release:")
    project = make_project(
        tmp_path_factory.mktemp("noise") / "p",
        **{"train.py": SEEDED, "mltools.yaml": policy[:start] + GATES + policy[end:]},
    )
    assert mltools(project, "run").code == 0
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    mltools(project, "run")
    done = mltools(project, "noise", "--repeats", "3", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["seeds"] == [2, 3, 4]
    assert found["metrics"]["test.auc"]["sd"] == pytest.approx(0.001)
    return project


def test_the_working_tree_is_left_alone_and_the_floor_is_in_the_journal(measured: Path) -> None:
    assert git(measured, "status", "--short") == ""
    assert "noise: " in git(measured, "log", "--format=%s", "refs/mltools/journal")
    # A run after it reads and appends to the journal as before.
    assert mltools(measured, "runs", "list").code == 0


@pytest.mark.parametrize(("quality", "code"), [("0.898", 0), ("0.896", 1)])
def test_a_gate_allows_so_many_multiples_of_the_noise(
    measured: Path, tmp_path: Path, quality: str, code: int
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(measured), str(clone))
    git(clone, "fetch", "-q", "origin", "+refs/mltools/*:refs/mltools/*")
    git(clone, "switch", "-qc", "change")
    commit(clone, {"params.yaml": f"train:\n  quality: {quality}\n  seed: 1\n"}, "Change")
    done = mltools(clone, "run")
    assert done.code == code, done.out + done.err


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--seed", "train.sed"), 2, "params.yaml: there is no train.sed"),
        (("--seed", "model.toml:seed"), 2, "only params in YAML and JSON"),
        (("--rev", "nowhere"), 3, "unknown revision"),
        (("--repeats", "1"), 2, "--repeats"),
    ],
)
def test_what_cannot_be_measured_is_told(measured: Path, args: tuple[str, ...], code: int, said: str) -> None:
    done = mltools(measured, "noise", *args)
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_param_that_seeds_nothing_is_told(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    done = mltools(project, "noise", "--repeats", "2")
    assert done.code == 2
    assert "train.seed changes no metric" in done.err
