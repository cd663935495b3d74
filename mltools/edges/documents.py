"""YAML, JSON and TOML text to plain values and back; where in the text a value stands.

YAML is read with the 1.2 core rules, as DVC's own reader does: `1e-3` is a number, `no` and `on` are words,
`012` is twelve. Limits on size and aliases keep a hostile file from exhausting the machine.
"""

import json
import re
import tomllib
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NoReturn

import yaml

from mltools.errors import ConfigError

MAX_BYTES = 16 << 20
MAX_ALIASES = 200
MAX_EXPANDED = 100_000
MAX_DEPTH = 100

_INDENT = re.compile(r"^(?: |[-?] )+", re.MULTILINE)

KeyPath = tuple[str | int, ...]


_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.CSafeLoader):
    """The C loader with YAML 1.2 core scalars and `<<`, duplicate keys refused."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        # The same words stand in a lock file hundreds of times; finding their type is a quarter of reading it.
        if kind is yaml.ScalarNode and implicit[0]:
            return _type_of(value)
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        merges = [value for key, value in node.value if key.tag == _MERGE]
        if not merges:
            return self._own(node, deep=deep)
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        merged: dict[Hashable, Any] = {}
        for value in merges:
            merged = {**self._merged(value), **merged}
        return {**merged, **self._own(yaml.MappingNode(node.tag, own, node.start_mark), deep=deep)}

    def _merged(self, node: yaml.Node) -> dict[Hashable, Any]:
        """What `<<` brings in. Values are merged and not, as PyYAML does, nodes, which a hostile file multiplies."""
        value = self.construct_object(node, deep=True)
        parts = value if isinstance(value, list) else [value]
        merged: dict[Hashable, Any] = {}
        for part in reversed(parts):
            if not isinstance(part, dict):
                raise yaml.MarkedYAMLError(problem="`<<` needs keys and values", problem_mark=node.start_mark)
            merged.update(part)
        return merged

    def _own(self, node: yaml.MappingNode, *, deep: bool) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            value = self.construct_object(key, deep=True)
            if isinstance(value, Hashable):
                if value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {value!r} stands twice", problem_mark=key.start_mark
                    )
                seen.add(value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN\0"),
    (_MERGE, r"<<", "<"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
):
    _Loader.add_implicit_resolver(
        _tag, re.compile(rf"^(?:{_pattern})$"), [c if c != "\0" else "" for c in _first]
    )


@lru_cache(maxsize=1 << 14)
def _type_of(word: str) -> str:
    """The tag of a plain word."""
    candidates = _Loader.yaml_implicit_resolvers.get(word[:1], ())
    return next((tag for tag, pattern in candidates if pattern.match(word)), "tag:yaml.org,2002:str")


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    base = 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10
    return int(text, base)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


def read_yaml(content: bytes, name: str) -> Any:
    """The document's value, None for an empty one. Raises ConfigError with `name:line: reason`."""
    text = _decode(content, name)
    aliases = _aliases(text)
    if aliases > MAX_ALIASES:
        raise ConfigError(f"{name}: more than {MAX_ALIASES} YAML aliases; refusing to expand them")
    try:
        _refuse_depth(text, name)
        tree = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        raise _yaml_error(name, error) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{name}: not valid YAML: {str(error).splitlines()[0]}") from error
    if aliases and _expanded(tree, {}, name) > MAX_EXPANDED:
        raise ConfigError(f"{name}: its YAML aliases stand for more than {MAX_EXPANDED:,} values")
    return tree


def positions(content: bytes, name: str) -> dict[KeyPath, int]:
    """The line (from 1) at which each value of a YAML document stands, by its path of keys and indices."""
    found: dict[KeyPath, int] = {}

    def walk(node: yaml.Node, path: KeyPath, line: int) -> None:
        found[path] = line
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(value, (*path, key.value), key.start_mark.line + 1)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, (*path, index), item.start_mark.line + 1)

    root = compose(content, name)
    if root is not None:
        walk(root, (), root.start_mark.line + 1)
    return found


def compose(content: bytes, name: str) -> yaml.Node | None:
    """The tree of a document that was read before, with where in the text each part begins and ends; a BOM not counted."""
    return yaml.compose(_decode(content, name), Loader=_Loader)


def line_of(where: Mapping[KeyPath, int], path: Sequence[str | int]) -> int:
    """The line of a path, or of the nearest parent that stands in the file."""
    for length in range(len(path), -1, -1):
        line = where.get(tuple(path[:length]))
        if line is not None:
            return line
    return 1


def locator(content: bytes, name: str) -> Callable[[Sequence[str | int]], int]:
    """A function from a path of keys to its line; the text is searched only when a line is asked for."""

    @cache
    def where() -> dict[KeyPath, int]:
        return positions(content, name)

    def find(path: Sequence[str | int]) -> int:
        return line_of(where(), path)

    return find


def write_yaml(value: Any) -> str:
    """YAML for a plain value: block style, keys in the order given, strings quoted where YAML 1.1 would misread them."""
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100)


def read_json(content: bytes, name: str, *, constants: bool = False) -> Any:
    """The value of strict JSON. Raises ConfigError; NaN and Infinity are no JSON and are refused.

    With `constants` they are read as numbers, for callers that name the key which holds them.
    """

    def refuse(constant: str) -> NoReturn:
        raise ConfigError(f"{name}: {constant} is not a number that JSON or a comparison can hold")

    try:
        return json.loads(_decode(content, name), parse_constant=None if constants else refuse)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}:{error.lineno}: not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: nested too deeply") from error


def write_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON with keys in the order given, finite numbers only, and a newline at the end."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def read_toml(content: bytes, name: str) -> dict[str, Any]:
    """The value of a TOML document. Raises ConfigError."""
    try:
        return tomllib.loads(_decode(content, name))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from error


def _decode(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{name}: {len(content):,} bytes; the limit is {MAX_BYTES:,}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{name}:{line}: not UTF-8 text", hint="save the file as UTF-8") from error


def _refuse_depth(text: str, name: str) -> None:
    """The C composer recurses and ends the process where Python would raise, so depth is counted beforehand.

    Only text that could nest so deeply is counted exactly: a level takes a bracket, or a column before a line's text.
    """
    brackets = text.count("[") + text.count("{")
    indent = max((len(found) for found in _INDENT.findall(text)), default=0)
    if brackets + indent <= MAX_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ConfigError(f"{name}:{line}: nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _expanded(value: Any, known: dict[int, int], name: str) -> int:
    """How many values a tree holds when each alias is counted as what it stands for."""
    if not isinstance(value, dict | list):
        return 1
    count = known.get(id(value))
    if count is None:
        known[id(value)] = 0  # in the making: an alias that meets it again stands for itself
        inside = value.values() if isinstance(value, dict) else value
        known[id(value)] = count = 1 + sum(_expanded(part, known, name) for part in inside)
    elif count == 0:
        raise ConfigError(f"{name}: a YAML alias stands for itself")
    return count


def _aliases(text: str) -> int:
    return len(re.findall(r"(?:^|[\s\[{,:-])\*[A-Za-z0-9_-]+", text))


def _yaml_error(name: str, error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line = f":{mark.line + 1}" if mark is not None else ""
    return ConfigError(f"{name}{line}: not valid YAML: {error.problem or error.context}")
