import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.release_notes import release_notes
from mltools.core.release_record import (
    DataFile,
    Digests,
    ModelFile,
    Overridden,
    ReleaseRecord,
    Unreadable,
    parse_record,
    release_json,
    release_record,
    tag_message,
)
from mltools.core.release_terms import DataContract

RECORD = ReleaseRecord(
    model="tumour",
    version="v0.2.0",
    previous="v0.1.0",
    reason="Minor: new data in data/raw.csv.",
    commit="c" * 40,
    run="20260102T030405Z-cccccccc-abcdef",
    time="2026-01-02T03:04:05Z",
    verdict="passed",
    file=ModelFile("models/model.skops", "d" * 32, "e" * 64, 4711),
    lock_md5="f" * 32,
    digests=Digests("1" * 32, "2" * 32, "3" * 32, "4" * 32),
    mltools="0.1.0",
    metrics={"test.roc_auc": 0.9912345678, "test.rows": 114, "note": None},
    params={"train.C": 1.0, "train.solver": "lbfgs"},
    data=(DataFile("data/raw.csv", "a" * 32, "schemas/raw.yaml", "b" * 32, "0123456789abcdef"),),
    contracts=(
        DataContract(
            "data/raw.csv",
            input=(
                {"name": "radius", "type": "number", "required": True, "minimum": 0, "maximum": 60},
                {"name": "site", "type": "category", "enum": ["north", "south"]},
            ),
            output=({"name": "diagnosis", "type": "category", "enum": ["benign", "malignant"]},),
            other=({"name": "id", "type": "integer"},),
            rules={"extra_columns": "forbid"},
        ),
    ),
    journal="9" * 40,
)


def test_a_tag_message_is_read_back_and_reads_well() -> None:
    message = tag_message(RECORD)
    assert release_record(message) == RECORD
    assert message.startswith("tumour v0.2.0\n\nMinor: new data in data/raw.csv.\n\nVerdict passed, run 2026")
    assert "  test.roc_auc  0.991235\n  test.rows     114\n" in message


def test_a_tag_says_who_took_a_failed_gate_on_themselves() -> None:
    taken = replace(RECORD, overrides=(Overridden("auc-kept", "ada", "duplicates\n@team", "9" * 40),))
    message = tag_message(taken)
    assert release_record(message) == taken
    assert "Gate auc-kept failed and was overridden by ada: duplicates @team." in message
    assert "overridden by ada" in release_notes(taken, {})
    broken = tag_message(taken).replace("9" * 40, "x")
    assert isinstance(release_record(broken), Unreadable)


def test_the_json_beside_a_release_is_the_same_record() -> None:
    assert parse_record(release_json(RECORD)) == RECORD
    assert json.loads(release_json(RECORD))["schema"] == 1


def test_a_tag_says_what_the_model_takes_and_answers() -> None:
    message = tag_message(RECORD)
    assert "\nTakes radius (number), site (category).\nAnswers diagnosis (category).\n" in message
    column = '        {"name": "radius", "type": "number", "required": true, "minimum": 0, "maximum": 60},'
    assert column in message.splitlines()


def test_a_model_that_takes_many_columns_is_told_in_one_line() -> None:
    many = tuple({"name": f"c{index}", "type": "number"} for index in range(100))
    wide = replace(RECORD, contracts=(DataContract("data/raw.csv", input=many),))
    line = next(line for line in tag_message(wide).splitlines() if line.startswith("Takes"))
    assert line.endswith("c7 (number) and 92 more.")
    assert release_record(tag_message(wide)) == wide


def test_a_record_of_earlier_days_has_no_contracts() -> None:
    tree = RECORD.as_json()
    del tree["contracts"]
    del tree["data"][0]["profile"]
    old = parse_record(json.dumps(tree))
    assert isinstance(old, ReleaseRecord)
    assert (old.contracts, old.data[0].profile) == ((), None)


@pytest.mark.parametrize(
    "contracts",
    [
        {},
        [1],
        [{"data": ""}],
        [{"data": "a.csv", "input": {}}],
        [{"data": "a.csv", "input": ["x"]}],
        [{"data": "a.csv", "rules": []}],
        [{"data": "a.csv", "more": -1}],
        [{"data": "a.csv", "more": True}],
    ],
)
def test_contracts_that_are_none_make_a_record_unreadable(contracts: object) -> None:
    found = parse_record(json.dumps({**RECORD.as_json(), "contracts": contracts}))
    assert isinstance(found, Unreadable)
    assert "contracts" in found.reason


def test_no_line_of_a_message_starts_with_what_git_takes_for_a_comment() -> None:
    hostile = replace(RECORD, reason="#hash\n#tag", metrics={"#1": 1, "a\n# b": 2})
    message = tag_message(hostile)
    assert not [line for line in message.splitlines()[3:] if line.startswith("#")]
    assert release_record(message) == hostile


def test_a_signature_after_the_message_does_not_matter() -> None:
    signed = tag_message(RECORD) + "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n"
    assert release_record(signed) == RECORD


@given(
    st.text(),
    st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.text(), max_size=4),
)
def test_no_text_in_a_record_can_pass_for_another_record(text: str, metrics: dict[str, float | str]) -> None:
    spoof = replace(RECORD, reason=f"{text}\n```json mltools-release\n{{}}\n```\n", metrics=metrics)
    assert release_record(tag_message(spoof)) == spoof


def test_a_message_without_a_record_says_so() -> None:
    for message in (
        "",
        "Registering artifact tumour version v0.1.0\n",
        "```json mltools-release\n{}",
        "```\n",
    ):
        found = release_record(message)
        assert isinstance(found, Unreadable)
        assert found.reason == "its message holds no release record; not released by mltools"


def test_a_message_that_is_too_long_is_not_read() -> None:
    found = release_record("x" * 5_000_000)
    assert isinstance(found, Unreadable)
    assert "5,000,000 characters" in found.reason


def change(path: str, value: Any) -> str:
    node = tree = json.loads(release_json(RECORD))
    *parents, last = path.split(".")
    for step in parents:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is ...:
        del node[last]
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return json.dumps(tree)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "the record is not an object"),
        ("[" * 100_000, "recursion"),
        (change("schema", 2), "schema 2 is not 1"),
        (change("model", ...), "model is missing"),
        (change("run", 7), "run is missing"),
        (change("commit", "main"), "commit is 'main', which is not a hash"),
        (change("file", None), "file is not an object"),
        (change("file.md5", "D" * 32), "file.md5 is"),
        (change("file.sha256", "e" * 63), "file.sha256 is"),
        (change("sha256", []), "sha256 is not an object"),
        (change("sha256", {"dvc.lock": "x"}), "sha256.dvc.lock is 'x'"),
        (change("file.size", -1), "file.size is not a size"),
        (change("file.size", True), "file.size is not a size"),
        (change("file.path", "../../etc/passwd"), "not a path inside the project"),
        (change("file.path", "/etc/passwd"), "not a path inside the project"),
        (change("file.path", "a\nb"), "not a path inside the project"),
        (change("digests.params", ...), "digests.params is missing"),
        (change("metrics", [1]), "metrics is not an object of plain values"),
        (change("metrics", {"a": {"b": 1}}), "metrics is not an object of plain values"),
        (change("data", {}), "data is not a list"),
        (change("data.0", 1), "data.0 is not an object"),
        (change("data.0.path", ""), "data.0.path is missing"),
        (release_json(RECORD).replace("0.9912345678", "NaN"), "NaN is not a number"),
        (release_json(RECORD).replace("0.9912345678", "1e999"), "metrics is not an object of plain values"),
    ],
)
def test_a_broken_record_says_what_is_broken(text: str, reason: str) -> None:
    found = parse_record(text)
    assert isinstance(found, Unreadable)
    assert found.reason.startswith("its release record is broken: ")
    assert reason in found.reason


def test_keys_of_later_versions_are_passed_over() -> None:
    assert parse_record(change("approved_by", "somebody")) == RECORD


def test_a_directory_is_told_by_its_hash() -> None:
    assert ModelFile("models/m", "d" * 32 + ".dir", "e" * 64, 1).is_dir
    assert not RECORD.file.is_dir
