"""mltools.yaml: everything wrong is said at once, with line and nearest key."""

import pytest

from mltools.core.config import FILE, parse_config
from mltools.core.gates import Regression, Threshold
from mltools.edges import documents
from mltools.errors import ConfigError

GOOD = """\
schema: 1
data:
  - path: data/raw.csv
    schema: schemas/raw.yaml
gates:
  - {name: floor, kind: threshold, metric: test.auc, min: 0.9}
  - {name: kept, kind: regression, metric: test.auc, better: higher, margin: 5e-3}
release: {model: tumour}
ci: {install: "mltools-gitops==0.1.0"}
"""


def parse(text: str) -> object:
    content = text.encode()
    return parse_config(documents.read_yaml(content, FILE), FILE, documents.locator(content, FILE))


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.exit_code == 2
    return caught.value.problems or (caught.value.message,)


def test_a_complete_file_becomes_values() -> None:
    config = parse(GOOD)
    floor, kept = config.gates  # type: ignore[attr-defined]
    assert isinstance(floor, Threshold)
    assert floor.min == 0.9
    assert isinstance(kept, Regression)
    assert kept.margin == 0.005
    assert config.compare.base == "main"  # type: ignore[attr-defined]


def test_every_problem_is_reported_at_once_with_its_line() -> None:
    found = problems(GOOD.replace("min: 0.9", "mn: 0.9").replace("regression", "regresion") + "gats: []\n")
    assert len(found) == 3
    assert found[0] == "mltools.yaml:6: gates[0]: unknown key 'mn'; did you mean 'min'?"
    assert found[1].startswith(
        "mltools.yaml:7: gates[1]: 'regresion' is not one of 'threshold', 'regression', "
    )
    assert found[1].endswith("; did you mean 'regression'?")
    assert found[2] == "mltools.yaml:10: unknown key 'gats'; did you mean 'gates'?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mltools.yaml:1: the file is empty"),
        ("- 1\n", "mltools.yaml:1: expected keys and values at the top, got a list"),
        ("schema: 2\n", "mltools.yaml:1: schema: 2 is not one of 1"),
        ("gates: []\n", "mltools.yaml:1: schema: is missing"),
        ("schema: 1\ngates:\n", "mltools.yaml:2: gates: input should be a list, got None"),
        (
            "schema: 1\nci: {install: x, python: 3.10}\n",
            "mltools.yaml:2: ci.python: input should be a text, in quotes, got 3.1",
        ),
        (
            "schema: 1\ndata:\n- {path: ../x.csv, schema: s.yaml}\n",
            "mltools.yaml:3: data[0].path: '../x.csv' must be a path inside the project, written with /",
        ),
        (
            "schema: 1\nci:\n  install: mltools==1.1.0\n",
            "mltools.yaml:3: ci.install: the package called 'mltools' on the index is somebody else's; ours is 'mltools-gitops'",
        ),
        (
            "schema: 1\ngates:\n- {name: a, kind: threshold, metric: m}\n",
            "mltools.yaml:3: gates[0]: needs 'min', 'max' or both",
        ),
        (
            "schema: 1\ngates:\n- {name: a, kind: threshold, metric: m, min: 2, max: 1}\n",
            "mltools.yaml:3: gates[0]: min 2 is above max 1, so nothing could pass",
        ),
        (
            "schema: 1\ngates:\n- {name: a, kind: regression, metric: m, better: higher, margin: .nan}\n",
            "mltools.yaml:3: gates[0].margin: input should be a finite number, got nan",
        ),
        ("schema: 1\ngates:\n- {name: a, metric: m}\n", "mltools.yaml:3: gates[0].kind: is missing"),
    ],
)
def test_one_mistake_one_line(text: str, expected: str) -> None:
    assert problems(text) == (expected,)


def test_gates_have_names_of_their_own() -> None:
    gate = "  - {name: a, kind: threshold, metric: m, min: 1}\n"
    assert "two gates are called 'a'" in problems(f"schema: 1\ngates:\n{gate}{gate}")[0]


@pytest.mark.parametrize(
    "requirement",
    [
        "mltools",
        "mltools==1.0",
        "mltools[serve]>=1",
        "mltools @ git+https://example.com/x",
        "a; rm -rf /",
        "$(x)",
        "a b",
    ],
)
def test_a_requirement_that_installs_the_stranger_or_is_no_requirement_is_refused(requirement: str) -> None:
    assert problems(f"schema: 1\nci:\n  install: '{requirement}'\n")


@pytest.mark.parametrize(
    "requirement", ["mltools-gitops==0.1.0", "mltools-gitops @ git+https://example.com/o/r@abc"]
)
def test_our_own_requirement_is_accepted(requirement: str) -> None:
    parse(f"schema: 1\nci:\n  install: '{requirement}'\n")


def test_classes_that_yaml_reads_as_numbers_keep_their_names() -> None:
    config = parse_config(
        {
            "schema": 1,
            "compare": {"predictions": {"path": "p.csv", "scores": {0: "a", 1.5: "b", 2.0: "c", "x": "d"}}},
        }
    )
    told = config.compare.predictions
    assert told is not None
    assert dict(told.scores) == {"0": "a", "1.5": "b", "2": "c", "x": "d"}
