from dataclasses import replace

from mltools.core.release_notes import release_notes
from tests.unit.test_release_record import RECORD


def test_the_notes_show_metrics_against_the_version_before_and_how_to_get_the_model() -> None:
    notes = release_notes(RECORD, {"test.roc_auc": 0.98}, url="https://forge.example/team/repo")
    assert "| `test.roc_auc` | 0.98 | 0.991235 | +0.01123 |" in notes
    assert "| `test.rows` | - | 114 |  |" in notes
    assert "mltools model get tumour@v0.2.0" in notes
    assert "dvc get --rev tumour@v0.2.0 https://forge.example/team/repo models/model.skops" in notes
    assert f"| SHA-256 | `{'e' * 64}` |" in notes
    assert "| `data/raw.csv` |" in notes
    assert "| `train.solver` | `lbfgs` |" in notes


def test_the_first_version_has_no_column_of_another() -> None:
    notes = release_notes(replace(RECORD, previous=None), {})
    assert "| `test.roc_auc` | 0.991235 |" in notes
    assert "change" not in notes
    assert "mltools model verify tumour@v0.2.0" in notes
    assert "dvc get" not in notes


def test_a_model_in_a_directory_is_got_by_its_whole_path() -> None:
    notes = release_notes(replace(RECORD, model="eu/x:tumour", project="eu/x"), {}, url="REPOSITORY")
    assert "dvc get --rev eu/x=tumour@v0.2.0 REPOSITORY eu/x/models/model.skops" in notes
    assert "mltools model get eu/x:tumour@v0.2.0" in notes


def test_foreign_text_stays_text() -> None:
    hostile = replace(
        RECORD,
        reason="new data in <img src=x> @team #12",
        metrics={"a|b": 1.0, "`x`\n# head": 2.0},
        params={"p": "<script>|`"},
        file=replace(RECORD.file, path="models/$(touch x) `y`.skops"),
    )
    notes = release_notes(hostile, {"a|b": 1.0}, url="https://forge.example/x")
    assert "<img" not in notes
    assert "<script>" not in notes
    assert "@team" not in notes
    assert "\n# head" not in notes
    assert "'models/$(touch x) `y`.skops'" in notes


def test_many_metrics_do_not_flood_the_page() -> None:
    notes = release_notes(replace(RECORD, metrics={f"m{n}": n for n in range(5_000)}), {})
    assert len(notes) < 20_000
