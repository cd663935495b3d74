"""Write docs/configuration.md and docs/mltools.schema.json from the typed model: `python -m tools.reference`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mltools.core.config import Config

DOCS = Path(__file__).parent.parent / "docs"

INTRODUCTION = """\
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


def schema() -> str:
    """The JSON schema of mltools.yaml, for editors."""
    tree = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mltools.yaml",
        **{key: value for key, value in Config.model_json_schema(by_alias=True).items() if key != "title"},
    }
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """The reference as Markdown: a table for each section and each kind of gate."""
    tree = Config.model_json_schema(by_alias=True)
    definitions: Mapping[str, Any] = tree["$defs"]
    parts = [INTRODUCTION, "## Top level\n\n" + _table(tree)]
    for key, spec in tree["properties"].items():
        for name in _references(spec):
            model = definitions[name]
            title = (
                f"`gates[]`, kind `{_kind(model)}`"
                if key == "gates"
                else f"`{key}{'[]' if 'items' in spec else ''}`"
            )
            parts.append(f"## {title}\n\n{_summary(model)}\n\n{_table(model)}")
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
    (DOCS / "configuration.md").write_text(page())
    (DOCS / "mltools.schema.json").write_text(schema())


if __name__ == "__main__":
    main()
