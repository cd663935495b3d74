"""A pandera schema, as `DataFrameSchema.to_yaml` of any version writes it, as a contract.

What pandera checks and a contract does too is taken over; bounds that exclude their value, forbidden values and checks
that only warn become conditions among the contract's `checks`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mltools.core.columns import ColumnType
from mltools.core.exchange.draft import Draft
from mltools.core.exchange.pandera_checks import CHECKS, Check, add
from mltools.core.exchange.values import Imported, Path
from mltools.core.names import shown
from mltools.core.strict import LineOf
from mltools.errors import ConfigError

# How pandera reports and what the file is: nothing that it demands of data.
TABLE_KEYS = {"schema_type", "version", "api", "dataframe_library", "columns", "report_duplicates", "name"}
TABLE_KEYS |= {
    "unique_column_names",
    "strict",
    "ordered",
    "unique",
    "dtype",
    "title",
    "description",
    "checks",
}
COLUMN_KEYS = {"name", "dtype", "nullable", "unique", "report_duplicates", "description", "title", "checks"}
OPTIONS = {
    "check_name",
    "ignore_na",
    "raise_warning",
    "n_failure_cases",
    "groupby",
    "groups",
    "error",
    "name",
}
AS_THEY_STAND = "values are checked as they stand in the file, none is converted"
KINDS: tuple[tuple[str, ColumnType], ...] = (
    (r"u?int(8|16|32|64)?|integer", "integer"),
    (r"float(16|32|64|128)?|double|halffloat|decimal(128|256)?(\(.*\))?", "number"),
    (r"bool(ean)?", "boolean"),
    (r"str(ing)?|large_string|unicode|object", "string"),
    (r"category", "category"),
    (r"date(32|64)?(\[day\])?", "date"),
    (r"datetime(64)?(\[.*\])?|timestamp(\[.*\])?", "datetime"),
)
NARROWER = re.compile(r"u?int(8|16|32)|uint64|object|decimal.*")


def read(tree: Any, name: str, line_of: LineOf) -> Imported:
    """The schema as a contract's tree. Raises ConfigError when it is no pandera schema, or one that cannot be right."""
    columns = _columns(tree)
    if not columns:
        raise ConfigError(
            f"{name}:1: is no pandera schema: it names no columns",
            hint="DataFrameSchema.to_yaml writes one, of a model Model.to_schema().to_yaml",
        )
    if tree.get("schema_type", "dataframe") != "dataframe":
        raise ConfigError(
            f"{name}:{line_of(('schema_type',))}: only a schema of a dataframe says what a table holds"
        )
    reader = _Reader(Draft(name, line_of), tree.get("dtype"))
    for title, place, spec in columns:
        reader.column(title, place, spec)
    reader.table(tree)
    return reader.draft.done()


def _columns(tree: Any) -> list[tuple[Any, Path, Any]]:
    """Each column's name, its place and what is said of it."""
    found = tree.get("columns") if isinstance(tree, dict) else None
    if isinstance(found, list):
        return [
            (spec.get("name") if isinstance(spec, dict) else None, ("columns", index), spec)
            for index, spec in enumerate(found)
        ]
    if isinstance(found, dict):
        return [(name, ("columns", name), spec) for name, spec in found.items()]
    return []


@dataclass(slots=True)
class _Reader:
    draft: Draft
    dtype: Any
    complete: bool = True
    nullable: set[str] = field(default_factory=set)

    def column(self, name: Any, place: Path, spec: Any) -> None:
        spec = {} if spec is None else spec
        if not isinstance(spec, dict):
            self.draft.refuse(place, "is no mapping of a column's properties")
            return
        if not isinstance(name, str) or not name:
            self._leave_out(place, f"{shown(repr(name))} is no text, as a column's name in a file is")
            return
        if self.draft.has(name):
            self.draft.refuse(place, f"{shown(name)!r} stands twice")
            return
        if spec.get("regex"):
            self._leave_out((*place, "regex"), "stands for all columns of such names; write each of them")
            return
        checks = tuple(_checks(spec, place))
        kind = self._kind(spec, place, checks)
        if kind is None:
            return
        self.draft.column(name, kind, place)
        self._flags(name, place, spec)
        for check in checks:
            add(self.draft, name, check)
        if (
            re.match(r"u", str(spec.get("dtype")).lower())
            and kind == "integer"
            and not self.draft.has(name, "minimum")
        ):
            self.draft.rule(name, "minimum", 0, (*place, "dtype"))
        for key in spec:
            if key not in COLUMN_KEYS and key not in CHECKS:
                self._odd(place, key, spec[key])

    def _flags(self, name: str, place: Path, spec: Mapping[str, Any]) -> None:
        if self._truth(spec, "nullable", place):
            self.nullable.add(name)
        else:
            self.draft.rule(name, "required", True, (*place, "nullable"))
        if self._truth(spec, "unique", place):
            self.draft.rule(name, "unique", True, (*place, "unique"))
        if described := spec.get("description") or spec.get("title"):
            self.draft.rule(name, "description", str(described), (*place, "description"))
            if spec.get("description") and spec.get("title"):
                self.draft.lose((*place, "title"), "a column has one description")
        if "checks" in spec and spec["checks"] is None and "coerce" not in spec:
            # Written where there is a check, but one that pandera's file cannot hold.
            self.draft.lose(
                (*place, "checks"), "pandera's file has left out a check, a function of one's own"
            )

    def _odd(self, place: Path, key: str, value: Any) -> None:
        """A property that says nothing, or that a contract cannot say."""
        match key:
            case "coerce":
                if value:
                    self.draft.lose((*place, key), AS_THEY_STAND)
            case "required":
                if value is False:
                    self.draft.lose((*place, key), "a column of a contract must be there")
            case "regex" | "default" | "drop_invalid_rows":
                if value is not None and value is not False:
                    self.draft.lose((*place, key))
            case _:
                self.draft.lose((*place, key), "is nothing that pandera comes with")

    def _kind(self, spec: Mapping[str, Any], place: Path, checks: tuple[Check, ...]) -> ColumnType | None:
        dtype = spec.get("dtype") or self.dtype
        if dtype is None:
            guessed = _guessed(checks)
            if guessed is None:
                self._leave_out(place, "has no dtype, and a contract's column has a type")
            else:
                self.draft.lose(place, f"has no dtype; taken for a {guessed} by its checks")
            return guessed
        bare = re.sub(r"\[(pyarrow|python|pyarrow_numpy)\]$", "", str(dtype).lower())
        kind = next((kind for pattern, kind in KINDS if re.fullmatch(pattern, bare)), None)
        if kind is None:
            self._leave_out((*place, "dtype"), "a contract has no such type; the column is left out")
        elif NARROWER.fullmatch(bare):
            self.draft.lose((*place, "dtype"), f"{dtype} is {kind} in a contract")
        elif "," in bare and not bare.endswith(", utc]"):
            self.draft.lose((*place, "dtype"), "times are compared in UTC, whatever zone they are written in")
        return kind

    def _leave_out(self, place: Path, reason: str) -> None:
        self.complete = False
        self.draft.lose(place, reason)

    def _truth(self, tree: Mapping[str, Any], key: str, place: Path) -> bool:
        value = tree.get(key) or False
        if not isinstance(value, bool):
            self.draft.refuse((*place, key), f"{value!r} is neither true nor false")
        return value is True

    def table(self, tree: Mapping[str, Any]) -> None:
        said = [key for key in ("description", "title", "name") if tree.get(key)]
        for key in said[:1]:
            self.draft.table("description", str(tree[key]), (key,))
        for key in said[1:]:
            self.draft.lose((key,), "a contract has one description")
        if tree.get("strict") is True:
            if self.complete:
                self.draft.table("extra_columns", "forbid", ("strict",))
            else:
                self.draft.lose(
                    ("strict",), "columns had to be left out, so others than those named are allowed"
                )
        elif tree.get("strict"):
            self.draft.lose(("strict",), "no column is taken away; others than those named are allowed")
        if self._truth(tree, "ordered", ()):
            self.draft.table("column_order", "strict", ("ordered",))
        self._key(tree)
        if tree.get("coerce"):
            self.draft.lose(("coerce",), AS_THEY_STAND)
        if tree.get("checks"):
            self.draft.lose(("checks",), "a check of the whole table; write it as a condition under `checks`")
        for key in tree:
            if key not in TABLE_KEYS | {"coerce"} and tree[key]:
                self.draft.lose((key,))

    def _key(self, tree: Mapping[str, Any]) -> None:
        unique = tree.get("unique")
        key = [unique] if isinstance(unique, str) else unique or []
        if not isinstance(key, list) or not all(isinstance(name, str) for name in key):
            self.draft.refuse(("unique",), "is no list of columns")
        elif not all(self.draft.has(name) for name in key):
            self.draft.lose(("unique",), "names a column that is not in the contract")
        elif key:
            self.draft.table("primary_key", key, ("unique",))
            if self.nullable.intersection(key):
                self.draft.lose(
                    ("unique",),
                    "a primary key demands a value in each row, which pandera's `unique` does not",
                )


def _checks(spec: Mapping[str, Any], place: Path) -> Iterator[Check]:
    """The checks of a column: by name beside the other properties, under `checks` by name, or as a list."""
    listed = spec.get("checks")
    for key, value in spec.items():
        if key in CHECKS and key not in COLUMN_KEYS:
            yield _check(key, value, (*place, key))
    if isinstance(listed, dict):
        for key, value in listed.items():
            yield _check(str(key), value, (*place, "checks", key))
    for index, value in enumerate(listed if isinstance(listed, list) else ()):
        options = value.get("options") if isinstance(value, dict) else None
        name = options.get("check_name") if isinstance(options, dict) else None
        yield _check(str(name), value, (*place, "checks", index))


def _check(name: str, value: Any, place: Path) -> Check:
    if not isinstance(value, dict):
        return Check(name, {"": value}, {}, place)
    given = value.get("options")
    options = dict(given) if isinstance(given, dict) else {}
    options |= {key: said for key, said in value.items() if key in OPTIONS}
    return Check(
        name, {key: said for key, said in value.items() if key not in {*OPTIONS, "options"}}, options, place
    )


def _guessed(checks: tuple[Check, ...]) -> ColumnType | None:
    """The type that a column without one must have for its checks to mean something."""
    for check in checks:
        if check.name.startswith("str_"):
            return "string"
        values = [
            part
            for value in check.arguments.values()
            for part in (value if isinstance(value, list) else [value])
        ]
        if values and all(isinstance(value, str) for value in values):
            return "category"
        if values and all(isinstance(value, int | float) for value in values):
            return "number"
    return None
