"""The in-toto statement of a version, against the shapes that in-toto and SLSA describe."""

from dataclasses import replace
from typing import Any

import jsonschema

from mltools.core.provenance import statement
from mltools.core.records import parse_record
from mltools.core.release_record import DataFile, ModelFile
from tests.unit.test_model_card import RECORD

DIGEST = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]+$"},
}
# https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md: one of these at least.
RESOURCE = {
    "type": "object",
    "properties": {"uri": {"type": "string", "format": "uri"}, "name": {"type": "string"}, "digest": DIGEST},
    "anyOf": [{"required": ["uri"]}, {"required": ["digest"]}],
}
# https://slsa.dev/spec/v1.0/provenance and https://in-toto.io/Statement/v1, the fields that they require or name.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["_type", "subject", "predicateType", "predicate"],
    "additionalProperties": False,
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {
            "type": "array",
            "minItems": 1,
            "items": {**RESOURCE, "required": ["name", "digest"]},
        },
        "predicateType": {"const": "https://slsa.dev/provenance/v1"},
        "predicate": {
            "type": "object",
            "required": ["buildDefinition", "runDetails"],
            "additionalProperties": False,
            "properties": {
                "buildDefinition": {
                    "type": "object",
                    "required": ["buildType", "externalParameters"],
                    "additionalProperties": False,
                    "properties": {
                        "buildType": {"type": "string", "format": "uri"},
                        "externalParameters": {"type": "object"},
                        "internalParameters": {"type": "object"},
                        "resolvedDependencies": {"type": "array", "items": RESOURCE},
                    },
                },
                "runDetails": {
                    "type": "object",
                    "required": ["builder"],
                    "additionalProperties": False,
                    "properties": {
                        "builder": {
                            "type": "object",
                            "required": ["id"],
                            "properties": {
                                "id": {"type": "string", "format": "uri"},
                                "version": {"type": "object", "additionalProperties": {"type": "string"}},
                            },
                        },
                        "metadata": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "invocationId": {"type": "string"},
                                "startedOn": {"type": "string", "format": "date-time"},
                                "finishedOn": {"type": "string", "format": "date-time"},
                            },
                        },
                        "byproducts": {"type": "array", "items": RESOURCE},
                    },
                },
            },
        },
    },
}


def check(tree: Any) -> None:
    jsonschema.validate(tree, SCHEMA, format_checker=jsonschema.FormatChecker())


def test_a_statement_names_what_was_made_and_from_what() -> None:
    run = parse_record(
        {
            "schema": 1,
            "id": RECORD.run,
            "time": RECORD.time,
            "seconds": 12.5,
            "commit": RECORD.commit,
            "verdict": "passed",
            "url": "https://forge.example/octo/iris/actions/runs/77",
            "trigger": "push",
            "environment": {
                "python": "3.12.1",
                "platform": "linux",
                "mltools": "0.1.0",
                "runner": "GitHub Actions 3",
            },
        },
        "run.json",
    )
    record = replace(RECORD, sha256={"data/raw.csv": "a" * 64, "params.yaml": "b" * 64})
    tree = statement(
        record, run=run, repository="https://forge.example/octo/iris", files={"release.json": "c" * 64}
    )
    check(tree)
    assert tree["subject"] == [
        {"name": "tumour.skops", "digest": {"sha256": "e" * 64, "md5": "d" * 32}},
        {"name": "release.json", "digest": {"sha256": "c" * 64}},
    ]
    definition, details = tree["predicate"]["buildDefinition"], tree["predicate"]["runDetails"]
    assert definition["externalParameters"]["params"] == {"train.C": 0.5}
    assert definition["resolvedDependencies"] == [
        {"uri": "git+https://forge.example/octo/iris", "digest": {"gitCommit": "b" * 40}},
        {"name": "data/raw.csv", "digest": {"md5": "7" * 32, "sha256": "a" * 64}},
        {"name": "dvc.lock", "digest": {"md5": "f" * 32}},
        {"name": "params.yaml", "digest": {"sha256": "b" * 64}},
    ]
    assert details["builder"]["id"].endswith("#builder-forge")
    assert details["metadata"]["invocationId"] == "https://forge.example/octo/iris/actions/runs/77"


def test_a_statement_without_run_or_address_is_whole_too() -> None:
    tree = statement(RECORD)
    check(tree)
    assert tree["predicate"]["runDetails"]["metadata"] == {
        "invocationId": RECORD.run,
        "finishedOn": "2026-01-02T03:04:05Z",
    }
    assert tree["predicate"]["buildDefinition"]["resolvedDependencies"][0] == {
        "name": "source",
        "digest": {"gitCommit": "b" * 40},
    }


def test_hashes_of_directories_are_not_called_hashes_of_files() -> None:
    tree = statement(
        replace(
            RECORD,
            file=ModelFile("models/big", "d" * 32 + ".dir", "e" * 64, 4711),
            data=(DataFile("data/parts", "7" * 32 + ".dir"),),
            sha256={"data/parts": "a" * 64},
        )
    )
    check(tree)
    assert tree["subject"] == [
        {"name": "big", "digest": {"dvcDirectory": "d" * 32, "sha256OfList": "e" * 64}}
    ]
    assert tree["predicate"]["buildDefinition"]["resolvedDependencies"][1] == {
        "name": "data/parts",
        "digest": {"dvcDirectory": "7" * 32, "sha256OfList": "a" * 64},
    }
