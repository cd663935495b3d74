"""The second half of the demonstration: what serves, what is found out about it, and what becomes of it."""

from pathlib import Path

import pytest

from mltools.demo.life import CHANGED
from tests.support import mltools

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the demonstration said, and its project."""
    place = tmp_path_factory.mktemp("demo") / "all"
    told = mltools(place.parent, "demo", "--full", "--directory", str(place), timeout=900)
    assert told.code == 0, told.err + told.out
    return told.out, place / "tumour"


def test_no_request_is_lost_while_versions_come_and_go(story: tuple[str, Path]) -> None:
    told, _ = story
    counts = [line for line in told.splitlines() if line.startswith("# ") and "requests:" in line]
    assert len(counts) == 6
    assert all(line.endswith("; 0 failed") for line in counts)
    # Both arms answered while the second version was tried; later the stage moved under the requests, twice.
    assert sum(line.count("answered by v") == 2 for line in counts) == 3


def test_drift_is_told_of_the_columns_that_moved_and_of_no_other(story: tuple[str, Path]) -> None:
    told, _ = story
    looks = told.split("$ mltools monitor check")[1:]
    words = [next(word for word in ("healthy", "watch", "drifted") if f" {word}: " in look) for look in looks]
    assert words == ["healthy", "watch", "drifted"]
    named = {
        line.split(":")[1].strip() for line in looks[2].splitlines() if line.strip().startswith("drifted: ")
    }
    assert named - {"prediction", "score"} == set(CHANGED)


def test_the_stage_ends_where_the_rollback_put_it(story: tuple[str, Path]) -> None:
    told, project = story
    (model,) = mltools(project, "model", "list", "--json").json["models"]
    assert (model["version"], model["stages"]) == ("v0.2.0", {"prod": "v0.1.1"})
    assert "v0.1.1 in prod is drifted" in told.split("$ mltools retrain")[1].split("$ git")[0]
