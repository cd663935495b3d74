"""A document as a typed value. All problems are reported at once, each with file, line and the nearest right key."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mltools.errors import ConfigError

LineOf = Callable[[Sequence[str | int]], int]
Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """Base of all sections: frozen and closed."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)


def parse_model(model: type[Model], tree: Any, name: str, line_of: LineOf) -> Model:
    """A document as a value of `model`. Raises ConfigError with every problem as `name:line: path: reason`."""
    if tree is None:
        raise ConfigError(f"{name}:1: the file is empty", hint="see `mltools init` for a complete one")
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}:1: expected keys and values at the top, got {_kind(tree)}")
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        problems = tuple(
            sorted(
                {_problem(model, tree, details, name, line_of) for details in error.errors(include_url=False)}
            )
        )
        raise ConfigError(
            "\n".join(text for _, text in problems), problems=[text for _, text in problems]
        ) from error


def _problem(model: type[BaseModel], tree: Any, details: Any, name: str, line_of: LineOf) -> tuple[int, str]:
    path = _in_document(tree, details["loc"], missing=details["type"] == "missing")
    line = line_of(path)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    kind, given = details["type"], details.get("input")
    if kind == "extra_forbidden":
        parent, key = path[:-1], str(path[-1])
        inside = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in parent
        ).removeprefix(".")
        close = get_close_matches(key, _known_keys(model, details["loc"]), n=1)
        what = f"unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else "")
        return line, f"{name}:{line}: {inside + ': ' if inside else ''}{what}"
    if kind == "missing":
        what = f"{dotted}: is missing"
    elif kind in {"union_tag_invalid", "literal_error"}:
        expected = details["ctx"].get("expected_tags") or details["ctx"].get("expected")
        tag = details["ctx"].get("tag", given)
        close = get_close_matches(
            str(tag), [word.strip("' ") for word in str(expected).replace(" or ", ",").split(",")], n=1
        )
        what = f"{dotted}: {tag!r} is not one of {expected}" + (
            f"; did you mean {close[0]!r}?" if close else ""
        )
    elif kind == "union_tag_not_found":
        what = f"{dotted}.kind: is missing"
    elif kind == "value_error":
        what = f"{dotted + ': ' if dotted else ''}{details['ctx']['error']}"
    else:
        said = details["msg"].replace("valid tuple", "list").replace("valid string", "text, in quotes")
        what = f"{dotted}: {said[:1].lower()}{said[1:]}, got {_shown(given)}"
    return line, f"{name}:{line}: {what}"


def _in_document(tree: Any, loc: Sequence[str | int], *, missing: bool) -> tuple[str | int, ...]:
    """Pydantic's path without the names of union members, which the document does not hold.

    The last step of a `missing` error is the key that the document should hold.
    """
    path: list[str | int] = []
    node = tree
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(node, dict) and (step in node or (last and missing)):
            path.append(step)
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int):
            path.append(step)
            node = node[step] if step < len(node) else None
        elif not isinstance(node, dict | list) and not last:
            break
    return tuple(path)


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys that may stand where the unknown one stands."""
    known: Any = model.model_json_schema(by_alias=True)
    definitions = known.get("$defs", {})

    def resolve(node: Any) -> Any:
        while "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return node

    for step in loc[:-1]:
        known = resolve(known)
        options = known.get("oneOf") or known.get("anyOf") or ()
        if isinstance(step, int):
            known = known.get("items", {})
        elif "mapping" in known.get("discriminator", {}):
            known = {"$ref": known["discriminator"]["mapping"].get(step, "#/$defs/")}
        elif step in known.get("properties", {}):
            known = known["properties"][step]
        else:
            # The step may be the name of a union's member, which the schema does not hold: keys are those of an object.
            found = [resolve(option) for option in options if option.get("type") != "null"]
            found.sort(key=lambda option: "properties" not in option)
            known = found[0] if found else known.get("additionalProperties") or {}
        if isinstance(known, dict) and "anyOf" in known:
            known = next((option for option in known["anyOf"] if option.get("type") != "null"), {})
    known = resolve(known) if isinstance(known, dict) else {}
    return list(known.get("properties", {}))


def _kind(value: Any) -> str:
    return {list: "a list", str: "text", bool: "a truth value", int: "a number", float: "a number"}.get(
        type(value), type(value).__name__
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits a line
