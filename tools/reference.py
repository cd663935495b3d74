"""Write the reference pages and JSON schemas in docs/ from the typed models: `python -m tools.reference`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mltools.core.config import Config
from mltools.core.contract import Contract

DOCS = Path(__file__).parent.parent / "docs"

CONFIGURATION = """\
# Configuration: `mltools.yaml`

One file per project directory holds the policy: what is validated, which gates a change must pass, what is released
and how the forge's workflows are made. Stages, metrics, params, plots and models are read from `dvc.yaml`, so nothing
is said twice. Gates are read from the base revision, so a change cannot lower its own bar.

This page is made from the typed model by `python -m tools.reference`; a test keeps it true. Editors complete and check
the file with [`mltools.schema.json`](mltools.schema.json):

```yaml
# yaml-language-server: $schema=./mltools.schema.json
schema: 1
data:
  - path: data/raw.csv
    schema: schemas/raw.yaml
gates:
  - {name: auc-floor, kind: threshold, metric: test.roc_auc, min: 0.95}
  - {name: loss-kept, kind: regression, metric: test.log_loss, better: lower, margin: 0.02}
compare:
  base: main
release: {model: tumour, bump: contract}
ci: {provider: github, python: "3.12", install: "mltools-gitops==0.1.0"}
```

Every mistake in the file is reported at once, with line and the nearest right key, and ends with exit code 2.
"""


CONTRACT = """\
# Data contracts: `schemas/NAME.yaml`

A contract says what each row of a data set must hold. It is a small file, written to be reviewed in a diff; `mltools run`
and `mltools data validate` check the data of `mltools.yaml` against it and name every broken rule, with exact counts,
example rows and the line of the contract. The words are those of JSON Schema and Frictionless where these have one.

How contracts are made, reviewed and used is told in [data.md](data.md). This page is made from the typed model by
`python -m tools.reference`; a test keeps it true. For editors there is [`contract.schema.json`](contract.schema.json).

```yaml
schema: 1
rows: {min: 100}
primary_key: [id]
extra_columns: forbid
columns:
  id: {type: integer, role: id}
  radius: {type: number, required: true, minimum: 0, maximum: 60, role: feature}
  site: {type: category, enum: [north, south], max_null_fraction: 0.05}
  admission: {type: date, required: true, role: time}
  discharge: {type: date}
  diagnosis: {type: category, required: true, enum: [benign, malignant], role: target}
checks:
  - {name: stay, expression: discharge >= admission}
freshness: {column: admission, max_age: 7d}
```

CSV and JSON lines (`.csv`, `.tsv`, `.jsonl`, `.ndjson`, each also gzipped), Parquet, and directories of such files are
read. Data that cannot be read at all (missing, damaged, ragged, wrongly delimited) end with exit code 3; data that break
a rule with 1; a contract that cannot be right with 2.
"""


def documents() -> dict[str, str]:
    """The generated files of docs/, by name."""
    return {
        "configuration.md": _configuration(),
        "mltools.schema.json": _schema(Config, "mltools.yaml"),
        "contracts.md": _contract(),
        "contract.schema.json": _schema(Contract, "schemas/NAME.yaml"),
    }


def _schema(model: type[BaseModel], title: str) -> str:
    tree = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **{key: value for key, value in model.model_json_schema(by_alias=True).items() if key != "title"},
    }
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _configuration() -> str:
    """A table for each section and each kind of gate."""
    tree = Config.model_json_schema(by_alias=True)
    definitions: Mapping[str, Any] = tree["$defs"]
    parts = [CONFIGURATION, "## Top level\n\n" + _table(tree)]
    for key, spec in tree["properties"].items():
        for name in _references(spec):
            model = definitions[name]
            place = f"{key}{'[]' if 'items' in spec else ''}"
            title = f"`gates[]`, kind `{_kind(model)}`" if key == "gates" else f"`{place}`"
            parts.append(f"## {title}\n\n{_summary(model)}\n\n{_table(model)}")
            parts += _nested(place, model, definitions)
    return _joined(parts)


def _nested(place: str, model: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    """A table for each section inside a section."""
    for key, spec in model["properties"].items():
        for name in _references(spec):
            inner = definitions[name]
            if "properties" in inner:
                title = f"{place}.{key}{'[]' if 'items' in spec else ''}"
                yield f"### `{title}`\n\n{_summary(inner)}\n\n{_table(inner)}"
                yield from _nested(title, inner, definitions)


def _contract() -> str:
    tree = Contract.model_json_schema(by_alias=True)
    parts = [CONTRACT, "## Top level\n\n" + _table(tree)]
    for title, name in (
        ("`columns`, each", "Column"),
        ("`rows`", "Rows"),
        ("`checks`, each", "RowCheck"),
        ("`freshness`", "Freshness"),
    ):
        model = tree["$defs"][name]
        parts.append(f"## {title}\n\n{_summary(model)}\n\n{_table(model)}")
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _table(model: Mapping[str, Any]) -> str:
    required = set(model.get("required", ()))
    lines = ["| Key | Type | Default | Meaning |", "|---|---|---|---|"]
    for key, spec in model["properties"].items():
        default = "**required**" if key in required else _default(spec)
        meaning = spec.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {_type(spec)} | {default} | {meaning} |")
    return "\n".join(lines)


def _default(spec: Mapping[str, Any]) -> str:
    value = spec.get("default")
    if value is None or isinstance(value, dict):
        return "none" if "default" in spec and value is None else "see below"
    return f"`{json.dumps(value)}`"


def _type(spec: Mapping[str, Any]) -> str:
    if "const" in spec:
        return f"`{json.dumps(spec['const'])}`"
    if "enum" in spec:
        return " or ".join(f"`{value}`" for value in spec["enum"])
    if "anyOf" in spec:
        return " or ".join(_type(option) for option in spec["anyOf"] if option.get("type") != "null")
    if "$ref" in spec or "oneOf" in spec:
        names = list(_references(spec))
        return "`warn` or `fail`" if names == ["OnUndecided"] else "section"
    if spec.get("type") == "array":
        return "list"
    bounds = [
        f"{word} {spec[key]:g}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in spec
    ]
    return " ".join([{"string": "text"}.get(spec.get("type", ""), spec.get("type", "")), *bounds])


def _references(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        if "$ref" in spec:
            yield spec["$ref"].rsplit("/", 1)[-1]
        for key, value in spec.items():
            if key != "discriminator":
                yield from _references(value)
    elif isinstance(spec, list):
        for item in spec:
            yield from _references(item)


def _kind(model: Mapping[str, Any]) -> str:
    return str(model["properties"]["kind"]["const"])


def _summary(model: Mapping[str, Any]) -> str:
    return str(model.get("description", "")).replace("\n", " ")


def main() -> None:
    for name, text in documents().items():
        (DOCS / name).write_text(text)


if __name__ == "__main__":
    main()
