"""A Frictionless Table Schema, alone or in a resource or package, as a contract."""

from collections.abc import Mapping
from typing import Any

from mltools.core.columns import RANGED, TEXTUAL, ColumnType
from mltools.core.exchange.draft import Draft, distinct
from mltools.core.exchange.frictionless import LIMITS
from mltools.core.exchange.values import Imported, Path
from mltools.core.names import shown
from mltools.core.patterns import unsupported
from mltools.core.strict import LineOf
from mltools.errors import ConfigError

AS_TEXT = "its form is not checked; it is text in a contract"
KINDS: Mapping[str, ColumnType] = {
    **{kind: kind for kind in ("integer", "number", "string", "boolean", "date", "datetime")},
    "year": "integer",
    "yearmonth": "string",
}
OTHER_KINDS = frozenset({"any", "array", "duration", "geojson", "geopoint", "list", "object", "time"})
TRUTHS = {"trueValues": {"true", "True", "TRUE", "1"}, "falseValues": {"false", "False", "FALSE", "0"}}
RULES = {"minLength": "min_length", "maxLength": "max_length", "minimum": "minimum", "maximum": "maximum"}
EXCLUSIVE = {"exclusiveMinimum": ">", "exclusiveMaximum": "<"}
FIELD_KEYS = {"name", "type", "description", "title", "constraints", "categories", "format", "bareNumber"}
TABLE_KEYS = {
    "$schema",
    "fields",
    "fieldsMatch",
    "primaryKey",
    "missingValues",
    "description",
    "title",
    "name",
}


def read(tree: Any, name: str, line_of: LineOf) -> Imported:
    """The schema as a contract's tree. Raises ConfigError when there is none, or one that cannot be right."""
    place, schema = _schema(tree, name)
    fields = schema.get("fields")
    if not isinstance(fields, list) or not fields:
        raise ConfigError(f"{name}:{line_of(place)}: is no Table Schema: it has no list of `fields`")
    draft = Draft(name, line_of)
    for index, field in enumerate(fields):
        _field(draft, (*place, "fields", index), field)
    _table(draft, place, schema)
    return draft.done()


def _schema(tree: Any, name: str) -> tuple[Path, Mapping[str, Any]]:
    """The Table Schema in what may be a package or a resource that holds it."""
    if isinstance(tree, dict) and isinstance(tree.get("resources"), list):
        held = [(index, item) for index, item in enumerate(tree["resources"]) if isinstance(item, dict)]
        found = [(index, item) for index, item in held if isinstance(item.get("schema"), dict)]
        if len(found) == 1:
            return ("resources", found[0][0], "schema"), found[0][1]["schema"]
        names = ", ".join(shown(str(item.get("name"))) for _, item in found) or "none"
        raise ConfigError(
            f"{name}: a package with {len(found)} schemas ({names}), and a contract is of one table",
            hint="take the wanted resource's `schema` into a file of its own",
        )
    if isinstance(tree, dict) and isinstance(tree.get("schema"), dict):
        return ("schema",), tree["schema"]
    if isinstance(tree, dict):
        return (), tree
    raise ConfigError(f"{name}:1: is no Table Schema: it holds no keys and values")


def _table(draft: Draft, place: Path, schema: Mapping[str, Any]) -> None:
    said = [key for key in ("description", "title", "name") if schema.get(key)]
    for word in said[:1]:
        draft.table("description", str(schema[word]), (*place, word))
    for word in said[1:]:
        draft.lose((*place, word), "a contract has one description")
    match = schema.get("fieldsMatch", "exact")
    _match(draft, (*place, "fieldsMatch"), match if isinstance(match, str) else repr(match))
    primary = schema.get("primaryKey", [])
    key: Any = [primary] if isinstance(primary, str) else primary
    if not isinstance(key, list) or not all(isinstance(column, str) for column in key):
        draft.refuse((*place, "primaryKey"), "is no list of fields")
    elif key:
        draft.table("primary_key", key, (*place, "primaryKey"))
    missing = schema.get("missingValues", [""])
    if isinstance(missing, list):
        texts = [item.get("value") if isinstance(item, dict) else item for item in missing]
        draft.missing_values(texts, (*place, "missingValues"))
    else:
        draft.refuse((*place, "missingValues"), "is no list of texts")
    for other in schema:
        if other not in TABLE_KEYS and schema[other]:
            draft.lose((*place, other))


def _match(draft: Draft, place: Path, match: str) -> None:
    if match in {"exact", "equal", "superset"}:
        draft.table("extra_columns", "forbid", place)
    if match == "exact":
        draft.table("column_order", "strict", place)
    if match in {"superset", "partial"}:
        draft.lose(place, "every column of a contract must be there")
    elif match not in {"exact", "equal", "subset"}:
        draft.refuse(place, f"{match!r} is not one of exact, equal, subset, superset, partial")


def _field(draft: Draft, place: Path, field: Any) -> None:
    name = field.get("name") if isinstance(field, dict) else None
    if not isinstance(name, str) or not name:
        draft.refuse(place, "is no field with a name")
        return
    if draft.has(name):
        draft.refuse(place, f"{shown(name)!r} stands twice")
        return
    said = field.get("type") or "string"
    kind = KINDS.get(said) if isinstance(said, str) else None
    if not isinstance(said, str) or (kind is None and said not in OTHER_KINDS):
        draft.refuse((*place, "type"), f"{said!r} is no type of Table Schema")
        return
    if kind is None:
        draft.lose((*place, "type"), f"{said}: {AS_TEXT}")
    categories = field.get("categories")
    is_category = isinstance(categories, list) and kind == "string"
    draft.column(name, "category" if is_category else kind or "string", place)
    described = field.get("description") or field.get("title")
    if described:
        draft.rule(name, "description", str(described), place)
        if field.get("description") and field.get("title"):
            draft.lose((*place, "title"), "a column has one description")
    constraints = field.get("constraints") or {}
    if not isinstance(constraints, dict):
        draft.refuse((*place, "constraints"), "is no mapping")
        return
    if is_category and "enum" not in constraints:
        values = [item.get("value") if isinstance(item, dict) else item for item in categories]
        draft.rule(name, "enum", values, (*place, "categories"))
    for key, value in constraints.items():
        _constraint(draft, name, (*place, "constraints", key), key, value)
    if said == "year":
        _year(draft, name, place)
    elif said == "yearmonth" and not draft.has(name, "pattern"):
        draft.rule(name, "pattern", r"[0-9]{4}-(0[1-9]|1[0-2])", (*place, "type"))
    _lose(draft, place, field)


def _constraint(draft: Draft, name: str, place: Path, key: str, value: Any) -> None:
    kind = draft.kind(name)
    if key in {"required", "unique"}:
        if not isinstance(value, bool):
            draft.refuse(place, f"{value!r} is neither true nor false")
        elif value:
            draft.rule(name, key, True, place)
    elif key == "enum" and isinstance(value, list):
        draft.rule(name, "enum", distinct(_plain(item, kind) for item in value), place)
    elif key in RULES and kind in (RANGED if key in {"minimum", "maximum"} else TEXTUAL):
        plain = _plain(value, kind) if kind in RANGED else value
        if plain not in LIMITS.get(kind, ()):  # those that every value of the type keeps anyway
            draft.rule(name, RULES[key], plain, place)
    elif key in EXCLUSIVE and kind in RANGED:
        draft.condition(name, EXCLUSIVE[key], [_plain(value, kind)], place, called=f"{name} {key}")
    elif key == "pattern" and kind in TEXTUAL and isinstance(value, str):
        fault = unsupported(value)
        if fault:
            draft.lose(place, fault)
        else:
            draft.rule(name, "pattern", _unwrapped(value), place)
    else:
        draft.lose(place, f"a contract has no such rule for type {kind}")


def _plain(value: Any, kind: ColumnType) -> Any:
    """Numbers may stand in a schema as text, and texts as numbers."""
    if kind in TEXTUAL and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind in LIMITS and isinstance(value, str):
        try:
            return int(value) if kind == "integer" else float(value)
        except ValueError:
            return value
    return value


def _unwrapped(pattern: str) -> str:
    """Without the group that keeps alternatives together, where there is nothing else."""
    inside = pattern.removeprefix("(?:").removesuffix(")")
    return inside if len(pattern) - len(inside) == len("(?:)") and not set("()\\[") & set(inside) else pattern


def _year(draft: Draft, name: str, place: Path) -> None:
    for rule, value in (("minimum", 0), ("maximum", 9999)):
        if not draft.has(name, rule):
            draft.rule(name, rule, value, (*place, "type"))


def _lose(draft: Draft, place: Path, field: Mapping[str, Any]) -> None:
    """Properties that a contract has nothing like."""
    if field.get("format", "default") != "default":
        draft.lose((*place, "format"), f"format {shown(str(field['format']))} is not checked")
    if field.get("bareNumber") is False:
        draft.lose(
            (*place, "bareNumber"),
            "a number of a contract stands alone, without a unit or a sign of a currency",
        )
    for key, value in field.items():
        if key in TRUTHS:
            if not isinstance(value, list) or not TRUTHS[key] >= {str(item) for item in value}:
                draft.lose((*place, key), "a contract reads true, True, TRUE, 1 and false, False, FALSE, 0")
        elif key not in FIELD_KEYS:
            draft.lose((*place, key))
