"""What the service tells of itself: the OpenAPI description with the contract of what is served, and a page of it."""

import html
import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .contract import Column
from .holder import Serving

_JSON_TYPES = {
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "category": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
_ERROR = {"type": "object", "properties": {"error": {"type": "string"}, "id": {"type": "string"}}}
_FAULTS = {
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "id": {"type": "string"},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": "integer"},
                    "column": {"type": "string"},
                    "rule": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "more": {"type": "integer"},
    },
}
_ANSWER = {
    "type": "object",
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "string"},
        "id": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "string"}},
        "predictions": {"type": "array", "items": {}},
        "scores": {"type": ["array", "null"], "items": {"type": "object"}},
        "warnings": {"type": "array", "items": {"type": "object"}},
    },
}


def _response(told: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": told, "content": {"application/json": {"schema": schema}}}


_ERRORS = {
    "400": _response("no JSON, or none of this form", _ERROR),
    "408": _response("the body came too slowly", _ERROR),
    "413": _response("too many bytes or rows", _ERROR),
    "415": _response("the body is compressed", _ERROR),
    "500": _response("the model could not answer; the service's log has the reason under the id", _ERROR),
    "503": _response("no model is loaded, or there are too many requests", _ERROR),
}
PREDICT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rows"}}},
    },
    "responses": {
        "200": _response("the answers", _ANSWER),
        "422": _response("rows break the input contract", _FAULTS),
        **_ERRORS,
    },
}
INFER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}}},
    },
    "responses": {"200": _response("the answers", {"type": "object"}), **_ERRORS},
}
_INFERENCE = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": {"type": "array", "items": {"type": "integer"}},
                    "datatype": {"type": "string"},
                    "data": {"type": "array", "items": {}},
                },
            },
        },
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}
PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_STYLE = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}pre{overflow:auto}"


def openapi(app: FastAPI, serving: Serving | None) -> dict[str, Any]:
    """The description of the service with the contract of what the stable arm takes at this moment."""
    tree = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = tree.setdefault("components", {}).setdefault("schemas", {})
    row: dict[str, Any] = {"type": "object"}
    if serving is not None:
        loaded = serving.arms["stable"]
        tree["info"]["description"] = f"{loaded.name} {loaded.version}"
        columns = loaded.contract.columns
        row["properties"] = {name: _column(column) for name, column in columns.items()}
        required = [name for name, column in columns.items() if column.required and column.refuses]
        if required:
            row["required"] = required
        row["additionalProperties"] = bool(loaded.contract.known)
    schemas["Row"] = row
    schemas["Rows"] = {
        "type": "object",
        "required": ["rows"],
        "properties": {
            "rows": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}},
            "ids": {"type": "array", "items": {"type": "string"}},
            "key": {"type": "string"},
        },
        "additionalProperties": False,
    }
    schemas["InferenceRequest"] = _INFERENCE
    for path in tree["paths"].values():
        for operation in path.values():
            # FastAPI's own 422 has another form than ours.
            found = operation["responses"].get("422")
            if found is not None and "HTTPValidationError" in json.dumps(found):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return tree


def page(tree: dict[str, Any]) -> str:
    """The description as a page that loads nothing from anywhere."""
    routes = "".join(
        f"<tr><td><code>{method.upper()} {html.escape(path)}</code></td>"
        f"<td>{html.escape(operation.get('description', ''))}</td></tr>"
        for path, operations in tree["paths"].items()
        for method, operation in operations.items()
    )
    row = html.escape(json.dumps(tree["components"]["schemas"]["Row"], indent=2, ensure_ascii=False))
    title = html.escape(tree["info"].get("description") or tree["info"]["title"])
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>The whole description is <a href=/openapi.json>openapi.json</a>.</p>"
        f"<table><tr><th>Route</th><th>Answers</th></tr>{routes}</table><h2>A row</h2><pre>{row}</pre></html>"
    )


def _column(column: Column) -> dict[str, Any]:
    """A column as JSON Schema."""
    found: dict[str, Any] = dict(_JSON_TYPES.get(column.type or "", {}))
    if not column.required and "type" in found:
        found["type"] = [found["type"], "null"]
    bounds = (("minimum", column.minimum), ("maximum", column.maximum))
    found |= {word: value for word, value in bounds if isinstance(value, int | float)}
    if column.enum is not None:
        found["enum"] = sorted(column.enum, key=str) + ([] if column.required else [None])
    if column.min_length is not None:
        found["minLength"] = column.min_length
    if column.max_length is not None:
        found["maxLength"] = column.max_length
    if column.pattern is not None:
        found["pattern"] = f"^(?:{column.pattern.pattern})$"
    return found
