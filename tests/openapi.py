"""GitHub's own OpenAPI description: cut down to the calls in use, and requests and answers checked against it.

    python -m tests.openapi FULL.json > tests/data/github-openapi.json

FULL.json is `generated/api.github.com.json` of the npm package `@octokit/openapi` (see tests/data/README.md).
"""

import functools
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

REDUCED = Path(__file__).parent / "data" / "github-openapi.json"

REPO = "/repos/{owner}/{repo}"
CALLS = {
    "/user": ("get",),
    REPO: ("get",),
    f"{REPO}/pulls": ("get", "post"),
    f"{REPO}/pulls/{{pull_number}}": ("get", "patch"),
    f"{REPO}/pulls/{{pull_number}}/merge": ("put",),
    f"{REPO}/actions/workflows/{{workflow_id}}/dispatches": ("post",),
    f"{REPO}/commits/{{ref}}": ("get",),
    f"{REPO}/commits/{{commit_sha}}/pulls": ("get",),
    f"{REPO}/issues": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}": ("get", "patch"),
    f"{REPO}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPO}/issues/comments/{{comment_id}}": ("get", "patch", "delete"),
    f"{REPO}/statuses/{{sha}}": ("post",),
    f"{REPO}/commits/{{ref}}/statuses": ("get",),
    f"{REPO}/releases": ("get", "post"),
    f"{REPO}/releases/tags/{{tag}}": ("get",),
    f"{REPO}/releases/{{release_id}}": ("get", "patch", "delete"),
    f"{REPO}/releases/{{release_id}}/assets": ("get", "post"),
    f"{REPO}/releases/assets/{{asset_id}}": ("get", "delete"),
    f"{REPO}/git/ref/{{ref}}": ("get",),
    f"{REPO}/git/refs": ("post",),
}
# What explains, but decides nothing.
DROPPED = {"description", "summary", "example", "examples", "externalDocs", "tags", "title", "deprecated"}
REFUSED = 400


def reduce(full: Mapping[str, Any], calls: Mapping[str, Sequence[str]] = CALLS) -> dict[str, Any]:
    """The description with these calls alone, and of its components only those that they reach."""
    paths = {
        path: {method: _bare(full["paths"][path][method]) for method in methods}
        for path, methods in calls.items()
    }
    components: dict[str, dict[str, Any]] = {}
    queue = list(_references(paths))
    while queue:
        kind, name = queue.pop().removeprefix("#/components/").split("/", 1)
        if name in components.setdefault(kind, {}):
            continue
        components[kind][name] = _bare(full["components"][kind][name])
        queue.extend(_references(components[kind][name]))
    info = {key: full["info"][key] for key in ("title", "version", "license")}
    ordered = {kind: dict(sorted(found.items())) for kind, found in sorted(components.items())}
    return {"openapi": full["openapi"], "info": info, "paths": paths, "components": ordered}


def _bare(node: Any, *, named: bool = False) -> Any:
    """Without explanations; `named` says that the keys are names of properties and so all kept."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = (
        node
        if named
        else {key: value for key, value in node.items() if key not in DROPPED and not key.startswith("x-")}
    )
    return {
        key: _bare(value, named=not named and key in {"properties", "headers"}) for key, value in kept.items()
    }


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's dialect as JSON Schema: `nullable` becomes a further type."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: as_json_schema(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is not True:
        return plain
    if isinstance(plain.get("type"), str) and "enum" not in plain and "allOf" not in plain:
        return {**plain, "type": [plain["type"], "null"]}
    return {"anyOf": [plain, {"type": "null"}]}


def _corrected(tree: Mapping[str, Any]) -> Any:
    """The description with what GitHub does and does not describe: a deleted fork's repository is null."""
    copy = json.loads(json.dumps(tree))
    for name in ("pull-request", "pull-request-simple"):
        copy["components"]["schemas"][name]["properties"]["head"]["properties"]["repo"]["nullable"] = True
    return copy


class Description:
    """The reduced description, asked about one request or answer at a time; a list of problems, empty when right."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.tree: dict[str, Any] = as_json_schema(_corrected(tree))
        self._validators: dict[str, Validator] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = [
            (re.compile(re.sub(r"\\\{[a-z_]+\\\}", "([^/]+)", re.escape(path))), path)
            for path in sorted(self.tree["paths"], key=lambda path: path.count("{"))
        ]

    @classmethod
    @functools.cache
    def load(cls, path: Path = REDUCED) -> "Description":
        return cls(json.loads(path.read_bytes()))

    def match(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """The template of a path and what stands for its names; None when the description knows no such call."""
        for pattern, template in self._patterns:
            found = pattern.fullmatch(path)
            if found and method.lower() in self.tree["paths"][template]:
                names = re.findall(r"\{([a-z_]+)\}", template)
                return template, dict(zip(names, map(unquote, found.groups()), strict=True))
        return None

    def request(self, method: str, template: str, query: Mapping[str, str], body: Any) -> list[str]:
        """What is wrong with a request's parameters and body; `body` is bytes for an upload, None for none."""
        call = self._call(method, template)
        known = [self._resolved(parameter) for parameter in call.get("parameters", ())]
        where = {parameter["name"]: parameter for parameter in known if parameter["in"] == "query"}
        problems = [f"unknown query parameter {name!r}" for name in query if name not in where]
        for name, parameter in where.items():
            if name in query:
                problems += self._check(parameter["schema"], _typed(query[name], parameter["schema"]), name)
            elif parameter.get("required"):
                problems.append(f"query parameter {name!r} is missing")
        content = self._resolved(call.get("requestBody", {})).get("content", {})
        if body is None:
            required = self._resolved(call.get("requestBody", {})).get("required", False)
            return [*problems, "no body"] if required else problems
        if "application/json" in content:
            schema = self._resolved(content["application/json"]["schema"])
            unknown = set(body) - set(schema["properties"]) if isinstance(body, dict) else set()
            problems += [f"unknown key {key!r} in the body" for key in sorted(unknown)]
            return problems + self._check(schema, body, "body")
        return problems if content else [*problems, "a body where none is expected"]

    def answer(self, method: str, template: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; statuses that the description leaves out are checked for a message only."""
        responses = self._call(method, template)["responses"]
        if str(status) not in responses:
            if status < REFUSED:
                return [f"status {status} is not described"]
            return [] if isinstance(body, dict) and isinstance(body.get("message"), str) else ["no message"]
        content = self._resolved(responses[str(status)]).get("content", {})
        if "application/json" not in content:
            return ["a body where none is expected"] if body is not None and status < REFUSED else []
        return self._check(content["application/json"]["schema"], body, "answer")

    def example(self, component: str, **values: Any) -> dict[str, Any]:
        """A value of a component's schema that holds what is required, with `values` put in."""
        made = self._made(self.tree["components"]["schemas"][component])
        assert isinstance(made, dict), component
        return {**made, **values}

    def _call(self, method: str, template: str) -> Any:
        return self.tree["paths"][template][method.lower()]

    def _made(self, schema: Any) -> Any:
        schema = self._resolved(schema)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                options = [self._resolved(option) for option in schema[union]]
                null = any(option.get("type") == "null" for option in options)
                return None if null else self._made(options[0])
        if "allOf" in schema:
            parts = [self._made(part) for part in schema["allOf"]]
            return {key: value for part in parts for key, value in part.items()}
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "object")
        if isinstance(kind, list):
            return None
        if kind == "object":
            properties = schema.get("properties", {})
            return {key: self._made(properties.get(key, {})) for key in schema.get("required", ())}
        if kind == "string":
            return {"date-time": "2026-01-02T03:04:05Z", "uri": "https://api.example.com/x"}.get(
                schema.get("format", ""), "x" * schema.get("minLength", 1)
            )
        return {"integer": 1, "number": 0, "boolean": False, "array": []}[kind]

    def _check(self, schema: Any, value: Any, where: str) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(
                _absolute(schema), registry=self._registry, format_checker=FormatChecker()
            )
        return [
            f"{where}{error.json_path[1:]}: {error.message[:200]}"
            for error in self._validators[key].iter_errors(value)
        ]

    @functools.cached_property
    def _registry(self) -> Any:
        return Registry().with_resource(
            "urn:github", DRAFT202012.create_resource({"components": _absolute(self.tree["components"])})
        )

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            target: Any = self.tree
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node


def _absolute(node: Any) -> Any:
    """References as addresses in the registry, so that a part of the description can be a schema by itself."""
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"urn:github{value}" if key == "$ref" and isinstance(value, str) else _absolute(value)
        for key, value in node.items()
    }


def _typed(text: str, schema: Any) -> Any:
    """A query parameter's text as the type that its schema asks for."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


if __name__ == "__main__":
    json.dump(reduce(json.loads(Path(sys.argv[1]).read_bytes())), sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")
