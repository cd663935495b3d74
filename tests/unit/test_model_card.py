"""Model cards: what they say, that nothing in them is markup of somebody else's, and that hubs read their front matter."""

import re
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import ModelCard as HubCard
from markdown_it import MarkdownIt

from mltools.core.card_front import front_matter
from mltools.core.card_policy import ModelCard
from mltools.core.model_card import Card, Change, render
from mltools.core.profile import parse_profile
from mltools.core.records import parse_record
from mltools.core.release_record import DataFile, Digests, ModelFile, Overridden, ReleaseRecord
from mltools.core.release_terms import DataContract
from mltools.edges import documents

RECORD = ReleaseRecord(
    model="tumour",
    version="v0.2.0",
    previous="v0.1.0",
    reason="Minor: new data in data/raw.csv.",
    commit="b" * 40,
    run="20260102T030405Z-bbbbbbbb-abcdef",
    time="2026-01-02T03:04:05Z",
    verdict="passed",
    file=ModelFile("models/tumour.skops", "d" * 32, "e" * 64, 4711),
    lock_md5="f" * 32,
    digests=Digests("1" * 32, "2" * 32, "3" * 32, "4" * 32),
    mltools="0.1.0",
    metrics={"test.roc_auc": 0.98, "test.tiny": 1e-05, "test.note": "fine", "test.rows": 143},
    params={"train.C": 0.5},
    data=(DataFile("data/raw.csv", "7" * 32, "schemas/raw.yaml", "2" * 32, "8" * 32),),
    contracts=(
        DataContract(
            "data/raw.csv",
            input=({"name": "size", "type": "number"},),
            output=({"name": "diagnosis", "type": "category", "enum": ["benign", "malignant"]},),
        ),
    ),
)
SAID = ModelCard(
    intended_use="To teach.\n\nFor students.",
    out_of_scope="Patients.",
    limits=("Small data.",),
    contact="the course",
    license="GPL-3.0-or-later",
    language=("en",),
    tags=("medicine",),
)


def run(**changes: Any) -> Any:
    tree: dict[str, Any] = {
        "schema": 1,
        "id": RECORD.run,
        "time": RECORD.time,
        "seconds": 12.5,
        "commit": RECORD.commit,
        "verdict": "passed",
        "metrics": dict(RECORD.metrics),
        "base_metrics": {"test.roc_auc": 0.96},
        "noise": {"test.roc_auc": 0.004},
        "data": [
            {"path": "data/raw.csv", "outcome": "passed", "rows": 569, "bytes": 125_000, "md5": "7" * 32}
        ],
        "environment": {"python": "3.12.1", "platform": "linux-x86_64", "mltools": "0.1.0"},
        "warnings": ["the test set is small"],
    }
    return parse_record({**tree, **changes}, "run.json")


def hub_card(text: str) -> tuple[Any, str]:
    """What Hugging Face reads: the front matter as typed data, and the text below it."""
    card = HubCard(text)
    return card.data, card.text


def front(text: str) -> Any:
    assert text.startswith("---\n")
    return documents.read_yaml(text.split("---\n")[1].encode(), "front matter")


def test_the_front_matter_is_what_hubs_read() -> None:
    assert front(front_matter(RECORD, SAID)) == {
        "language": ["en"],
        "license": "gpl-3.0",
        "library_name": "sklearn",
        "pipeline_tag": "tabular-classification",
        "tags": ["medicine", "mltools"],
        "metrics": ["roc_auc", "tiny", "rows"],
        "model_name": "tumour",
        "version": "v0.2.0",
        "model-index": [
            {
                "name": "tumour",
                "results": [
                    {
                        "task": {"type": "tabular-classification"},
                        "dataset": {"name": "data/raw.csv", "type": "data/raw.csv", "revision": "7" * 32},
                        "metrics": [
                            {"type": "roc_auc", "name": "test.roc_auc", "value": 0.98},
                            {"type": "tiny", "name": "test.tiny", "value": 1e-05},
                            {"type": "rows", "name": "test.rows", "value": 143},
                        ],
                    }
                ],
            }
        ],
    }


def test_hubs_read_the_mean_of_several_scores_as_that_score_and_their_spread_not_at_all() -> None:
    metrics = {"test.auc": 0.9, "cv.auc.mean": 0.8, "cv.auc.sd": 0.01, "mean": 1.0, "m.json:f1": 0.5}
    tree = front(front_matter(replace(RECORD, metrics=metrics), SAID))
    assert tree["metrics"] == ["auc", "mean", "f1"]
    scores = tree["model-index"][0]["results"][0]["metrics"]
    assert [(one["type"], one["name"]) for one in scores][:3] == [
        ("auc", "test.auc"),
        ("auc", "cv.auc.mean"),
        ("mean", "mean"),
    ]
    assert len(scores) == 4


def test_hugging_face_reads_the_card() -> None:
    data, text = hub_card(render(Card(RECORD, SAID)))
    assert (data.license, data.library_name, data.pipeline_tag) == (
        "gpl-3.0",
        "sklearn",
        "tabular-classification",
    )
    assert data.model_name == "tumour"
    found = [(one.metric_type, one.metric_name, one.metric_value) for one in data.eval_results]
    assert found == [
        ("roc_auc", "test.roc_auc", 0.98),
        ("tiny", "test.tiny", 1e-05),
        ("rows", "test.rows", 143),
    ]
    assert data.eval_results[0].dataset_revision == "7" * 32
    assert text.lstrip().startswith("# tumour v0.2.0")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({}, {}),
        ({"license": "MIT"}, {"license": "mit"}),
        (
            {"license": "LicenseRef-Ours", "license_link": "https://example.org/l"},
            {"license": "other", "license_name": "licenseref-ours", "license_link": "https://example.org/l"},
        ),
    ],
)
def test_a_licence_that_hubs_do_not_know_has_a_name_of_its_own(
    given: dict[str, str], written: dict[str, str]
) -> None:
    tree = front(front_matter(RECORD, ModelCard.model_validate(given)))
    assert {key: value for key, value in tree.items() if key.startswith("license")} == written


@pytest.mark.parametrize(
    ("column", "task"),
    [
        ({"type": "number"}, "tabular-regression"),
        ({"type": "integer"}, None),
        ({"type": "integer", "enum": [0, 1]}, "tabular-classification"),
        ({"type": "boolean"}, "tabular-classification"),
    ],
)
def test_the_task_is_told_as_far_as_the_contract_tells_it(column: dict[str, Any], task: str | None) -> None:
    contract = DataContract("d", output=({"name": "y", **column},))
    tree = front(front_matter(replace(RECORD, contracts=(contract,)), ModelCard()))
    assert tree.get("pipeline_tag") == task
    assert ("model-index" in tree) == (task is not None)
    said = front(front_matter(replace(RECORD, contracts=()), ModelCard(task="robotics")))
    assert said["pipeline_tag"] == "robotics"


def test_a_card_says_what_is_known() -> None:
    profile = parse_profile(
        {
            "schema": 1,
            "rows": 569,
            "columns": [
                {"name": "size", "type": "number", "count": 569, "nulls": 0, "minimum": 0.5, "maximum": 9.0}
            ],
        },
        "profile",
    )
    overridden = Overridden("fair", "ada", "known | skew", "9" * 40)
    card = Card(
        replace(RECORD, overrides=(overridden,)),
        SAID,
        run=run(),
        before=replace(RECORD, version="v0.1.0", metrics={"test.roc_auc": 0.97}, params={"train.C": 1.0}),
        profiles={"data/raw.csv": profile},
        commits=(Change("c" * 40, "Add a batch"),),
        total=3,
        lineage="```mermaid\nflowchart LR\n```",
    )
    text = render(card)
    for expected in (
        "## Intended use\n\nTo teach.\n\nFor students.\n\n**Not for this:** Patients.",
        "- Small data.\n- Gate fair failed and was overridden by ada (commit 9999999999): known \\| skew",
        "- the test set is small",
        "| `test.roc_auc` | 0.97 | 0.98 | +0.01 |  | 0.004 |",
        "| `data/raw.csv` | 569 | 125,000 | `77777777777777777777777777777777` | `schemas/raw.yaml` | passed |",
        "| size | number |  |  |  | 0.5  9",
        "| Python | `3.12.1` |",
        "| `train.C` | `1` | `0.5` |",
        "## Lineage\n\n```mermaid",
        "## Changes since v0.1.0\n\n- cccccccccc Add a batch\n- and 2 more",
    ):
        assert expected in text, expected


def test_a_card_without_anything_says_what_nobody_said() -> None:
    bare = replace(RECORD, previous=None, metrics={}, params={}, data=(), contracts=())
    text = render(Card(bare))
    assert "Nobody has said so far: `model_card.intended_use`" in text
    assert "## Metrics" not in text
    assert "## Changes" not in text
    assert front(text) == {
        "library_name": "sklearn",
        "tags": ["mltools"],
        "model_name": "tumour",
        "version": "v0.2.0",
    }


HOSTILE = "</table><script>alert(1)</script> @team #1 [x](http://x) ![i](http://i) `a` | b\n---\nlicense: mit\n# Title\u202e"


def test_nothing_in_a_card_is_somebody_elses_markup() -> None:
    said = ModelCard(
        intended_use=HOSTILE, out_of_scope=HOSTILE, limits=(HOSTILE,), contact=HOSTILE, license="MIT"
    )
    hostile = replace(
        RECORD,
        model="tumour",
        reason=HOSTILE,
        metrics={HOSTILE: 0.5, "a: b": 1, "- x": float("1e300")},
        params={HOSTILE: HOSTILE},
        data=(DataFile(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        overrides=(Overridden(HOSTILE, HOSTILE, HOSTILE, "9" * 40),),
        previous=HOSTILE,
        version=HOSTILE,
        mltools=HOSTILE,
        run=HOSTILE,
        verdict=HOSTILE,
        file=ModelFile(HOSTILE, HOSTILE, HOSTILE, 1),
    )
    card = Card(
        hostile,
        said,
        run=run(warnings=[HOSTILE]),
        before=hostile,
        commits=(Change("c" * 40, HOSTILE),),
        total=1,
    )
    text = render(card)
    tree = front(text)
    assert tree["license"] == "mit"
    assert len(text.split("\n---\n")) == 2, "no line of a value ends the front matter"
    assert tree["model-index"][0]["results"][0]["metrics"][2]["value"] == 1e300
    body = text.split("\n---\n", 1)[1]
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    for wrong in ("<script", "</table><", "href=", "<img", "\u202e"):
        assert wrong not in html.replace("</table>\n", ""), wrong
    # Forges look for mentions outside of code blocks.
    assert "@team" not in re.sub(r"<pre>.*?</pre>", "", html, flags=re.DOTALL)
    assert html.count("<h1>") == 1


def test_hugging_face_reads_a_card_of_hostile_values_as_values() -> None:
    hostile = replace(RECORD, data=(DataFile(HOSTILE),), metrics={HOSTILE: 0.5, "x: {y": 2.5, "'": 1})
    data, _ = hub_card(render(Card(hostile, SAID)))
    assert [one.metric_value for one in data.eval_results] == [0.5, 2.5, 1]
    assert data.license == "gpl-3.0"
