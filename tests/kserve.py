"""KServe's own description of its resources, as a JSON Schema: read from the models in its wheel, which is not installed.

Each model names its fields with their types, how they are called in JSON, and, where it refuses None, that they must be
there. What is Kubernetes' own in them is described by Kubernetes' strict schemas.
"""

import ast
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

WHEELS = Path(__file__).parent / "wheels"
KUBERNETES = "kubernetes-json-schema/v1.37.0-local-strict/_definitions.json"
_PLAIN = {"str": "string", "int": "integer", "bool": "boolean", "float": "number", "datetime": "string"}
_REQUIRED = re.compile(r"Invalid value for `(\w+)`, must not be `None`")
_PLACES = ("io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1.")


def inference_services() -> Draft202012Validator:
    """A validator of InferenceServices in which every word that is not described is a fault."""
    kubernetes = json.loads(resources.files("kubernetes_validate").joinpath(KUBERNETES).read_text())
    models = dict(_models())
    defs = {name: _schema(model, models, kubernetes) for name, model in models.items()}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": defs,
        "$ref": "#/$defs/V1beta1InferenceService",
        "required": ["apiVersion", "kind", "metadata", "spec"],
    }
    registry: Registry[Any] = Resource.from_contents(kubernetes) @ Registry()
    return Draft202012Validator(schema, registry=registry)


def _models() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The models in the wheel: types and JSON names by field, and the fields that must be there."""
    found = list(WHEELS.glob("fetched/kserve-*.whl"))
    assert len(found) == 1, "`make test-full` fetches KServe's wheel"
    with zipfile.ZipFile(found[0]) as archive:
        for name in archive.namelist():
            if not re.fullmatch(r"kserve/models/\w+\.py", name):
                continue
            text = archive.read(name).decode()
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef):
                    yield node.name, {**_literals(node), "required": set(_REQUIRED.findall(text))}


def _literals(model: ast.ClassDef) -> dict[str, Any]:
    return {
        target.id: ast.literal_eval(node.value)
        for node in model.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _schema(
    model: Mapping[str, Any], models: Mapping[str, Any], kubernetes: Mapping[str, Any]
) -> dict[str, Any]:
    names = model["attribute_map"]
    return {
        "type": "object",
        "properties": {
            names[field]: _type(kind, models, kubernetes) for field, kind in model["openapi_types"].items()
        },
        "required": sorted(names[field] for field in model["required"]),
        "additionalProperties": False,
    }


def _type(kind: str, models: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Any:
    """The schema of a type; of one that nobody describes it is one that nothing fits."""
    if many := re.fullmatch(r"list\[(.+)\]", kind):
        return {"type": "array", "items": _type(many[1], models, kubernetes)}
    if pairs := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return {"type": "object", "additionalProperties": _type(pairs[1], models, kubernetes)}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if kind in models:
        return {"$ref": f"#/$defs/{kind}"}
    for place in _PLACES:
        if place + kind.removeprefix("V1") in kubernetes["$defs"]:
            return {"$ref": f"{kubernetes['$id']}#/$defs/{place}{kind.removeprefix('V1')}"}
    return False
