"""A YAML file changed where it must be and nowhere else: comments, order, quotes and spacing of all other text stay.

Edits are made in the text, at the places that the parser tells. (ruamel's round trip aligns comments anew, joins lines,
and drops comments inside `{}`.) What comes out must be read again and compared with what was meant: an anchor, for
one, may share the edited value with another place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from mltools.edges import documents
from mltools.edges.yamltext import scalar

Path = tuple[str, ...]
Pair = tuple[yaml.Node, yaml.Node]
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Put:
    """The value at a path becomes `text`, YAML on one line; a key that is not there is added to its mapping."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The key at a path goes, with its value and the rest of its line."""

    path: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value becomes `lines`, key and comments among them, as at the left margin.

    A key that is not there is added behind the key `after`, else at the end, or as the `first`. Inside `{}` it becomes
    `text`.
    """

    path: Path
    lines: str
    text: str
    after: str | None = None
    first: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """The comment at the end of a key's line becomes `text`."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Append:
    """`item`, keys with values as YAML, is added to the list at a path, which is made when it is not there."""

    path: Path
    item: Mapping[str, str]


Edit = Put | Drop | Entry | Remark | Append
Span = tuple[int, int, str]


class Document:
    """A YAML file as its text, and where in it the values stand."""

    def __init__(self, content: bytes, name: str) -> None:
        text = content.decode("utf-8")
        self._bom = BOM if text.startswith(BOM) else ""
        self.text = text.removeprefix(BOM)
        self._root = documents.compose(content, name)
        self._newline = "\r\n" if "\r\n" in self.text else "\n"

    def entry(self, path: Path) -> str | None:
        """The lines of a key with its value and comment, moved to the left margin; None when it is not there."""
        pair = self._pair(path)
        if pair is None or not self._own_lines(pair):
            return None
        start, end = self._lines(pair)
        margin = pair[0].start_mark.column
        lines = self.text[start:end].splitlines()
        return "\n".join(line[margin:] if line[:margin].isspace() or not margin else line for line in lines)

    def remark(self, path: Path) -> str | None:
        """The comment at the end of a key's line, None without one."""
        pair = self._pair(path)
        found = None if pair is None else _COMMENT.fullmatch(self.text[slice(*self._behind(pair))])
        return found and found[1]

    def head(self) -> str:
        """The comments above the first key."""
        return self.text[: self._root.start_mark.index] if self._root is not None else self.text

    def edited(self, edits: Sequence[Edit], *, head: str | None = None) -> bytes:
        """The file with all edits made, and with another head if one is given."""
        spans = [] if head is None else [(0, len(self.head()), head)]
        drops = [edit.path for edit in edits if isinstance(edit, Drop)]
        adds: dict[Path, list[Entry]] = {}
        for edit in edits:
            match edit:
                case Put() if (pair := self._pair(edit.path)) is not None:
                    spans.append(self._replaced(pair, edit.text))
                case Put():
                    path, text = self._to_be_made(edit.path, edit.text)
                    adds.setdefault(path[:-1], []).append(_entry(path, text))
                case Entry() if self._pair(edit.path) is None:
                    adds.setdefault(edit.path[:-1], []).append(edit)
                case Entry():
                    spans.append(self._whole(edit))
                case Remark():
                    spans += self._remarked(edit)
                case Append():
                    spans.append(self._appended(edit))
        members: list[Span] = []
        for parent in sorted({*adds, *(path[:-1] for path in drops)}, key=len):
            node = self._mapping(parent)
            gone = [path[-1] for path in drops if path[:-1] == parent]
            members += self._members(node, adds.get(parent, []), gone, parent) if node is not None else []
        text = self.text
        # From the end to the begin. Of what goes in at one place, what is inserted later stands before: so lines come
        # before the ends of lines, and the outer mapping's before the inner one's.
        for start, end, new in sorted([*members, *spans], key=lambda span: span[:2], reverse=True):
            text = text[:start] + new.replace("\n", self._newline) + text[end:]
        return (self._bom + text).encode()

    def _pair(self, path: Path) -> Pair | None:
        parent = self._mapping(path[:-1])
        if parent is None:
            return None
        return next((pair for pair in parent.value if getattr(pair[0], "value", None) == path[-1]), None)

    def _mapping(self, path: Path) -> yaml.MappingNode | None:
        node = self._root
        for key in path:
            pairs = node.value if isinstance(node, yaml.MappingNode) else ()
            node = next((value for name, value in pairs if getattr(name, "value", None) == key), None)
        return node if isinstance(node, yaml.MappingNode) else None

    def _to_be_made(self, path: Path, text: str) -> tuple[Path, str]:
        """The nearest key that can be added: what is above it is made with it."""
        while path[:-1] and self._mapping(path[:-1]) is None:
            path, text = path[:-1], f"{{{scalar(path[-1])}: {text}}}"
        return path, text

    def _line_end(self, index: int) -> int:
        found = self.text.find("\n", index)
        end = len(self.text) if found < 0 else found
        return end - 1 if self.text[end - 1 : end] == "\r" and end > index else end

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _lines(self, pair: Pair) -> tuple[int, int]:
        """From the begin of the key's line to the end of that on which the value ends."""
        return self._line_start(pair[0].start_mark.index), self._line_end(_end(pair[1], self.text))

    def _own_lines(self, pair: Pair) -> bool:
        """Whether nothing else stands on the lines of a key with its value."""
        start, end = self._lines(pair)
        before, behind = (
            self.text[start : pair[0].start_mark.index],
            self.text[_end(pair[1], self.text) : end],
        )
        return not before.strip() and re.fullmatch(r"\s*(#.*)?", behind) is not None

    def _behind(self, pair: Pair) -> tuple[int, int]:
        """Where the comment of a key stands: behind its value, or, above a block, behind its colon."""
        start = pair[0].end_mark.index if _is_block(pair[1]) else _end(pair[1], self.text)
        return start, self._line_end(start)

    def _remarked(self, edit: Remark) -> Iterator[Span]:
        pair = self._pair(edit.path)
        if pair is not None:
            start, end = self._behind(pair)
            colon = ":" if _is_block(pair[1]) else ""
            yield start, end, f"{colon}  # {edit.text}"

    def _replaced(self, pair: Pair, text: str) -> Span:
        """Another value behind the colon; of a block, the comment on the key's line stays there."""
        if not _is_block(pair[1]):
            return pair[1].start_mark.index, _end(pair[1], self.text), _behind_colon(pair, text)
        start = self.text.index(":", pair[0].end_mark.index) + 1
        return start, _end(pair[1], self.text), f" {text}{self.text[start : self._line_end(start)].rstrip()}"

    def _whole(self, edit: Entry) -> Span:
        pair = self._pair(edit.path)
        assert pair is not None  # noqa: S101 - the caller has found it
        if not self._own_lines(pair):
            return self._replaced(pair, edit.text)
        start, end = self._lines(pair)
        return start, end, _indented(edit.lines, pair[0].start_mark.column)

    def _members(
        self, node: yaml.MappingNode, adds: Sequence[Entry], gone: Sequence[str], path: Path
    ) -> list[Span]:
        if node.flow_style:
            return _in_braces(node, adds, gone)
        pair = self._pair(path) if path else None
        top = self._lines(node.value[-1])[1] if pair is None else self._line_end(pair[0].end_mark.index)
        return [*self._taken(node, gone), *self._added(node, adds, top)]

    def _taken(self, node: yaml.MappingNode, gone: Sequence[str]) -> Iterator[Span]:
        for pair in node.value:
            if pair[0].value in gone:
                start, end = self._lines(pair)
                # With the newline before it, so that something may be added behind it.
                yield (
                    (start, self._next_line(end), "")
                    if start == 0
                    else (self._line_end(max(start - 2, 0)), end, "")
                )

    def _next_line(self, end: int) -> int:
        return min(self.text.find("\n", end) + 1 or len(self.text), len(self.text))

    def _added(self, node: yaml.MappingNode, adds: Sequence[Entry], top: int) -> Iterator[Span]:
        margin = node.value[0][0].start_mark.column
        places: dict[str, int] = {pair[0].value: self._lines(pair)[1] for pair in node.value}
        last = self._lines(node.value[-1])[1]
        texts: dict[int, str] = {}
        for edit in adds:
            place = top if edit.first else last if edit.after is None else places.get(edit.after, last)
            places[edit.path[-1]] = place
            texts[place] = texts.get(place, "") + "\n" + _indented(edit.lines, margin)
        yield from ((place, place, text) for place, text in texts.items())

    def _appended(self, edit: Append) -> Span:
        text = "{" + ", ".join(f"{key}: {value}" for key, value in edit.item.items()) + "}"
        lines = "\n".join(
            f"{'  ' if index else '- '}{key}: {value}" for index, (key, value) in enumerate(edit.item.items())
        )
        pair = self._pair(edit.path)
        if pair is None:
            end = len(self.text.rstrip())
            return end, end, f"\n{scalar(edit.path[-1])}:\n{_indented(lines, 2)}"
        node = pair[1]
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            # Nothing, or an empty list: the comment behind it stays on its line.
            start, end = pair[0].end_mark.index + 1, _end(node, self.text)
            behind = self.text[max(start, end) : self._line_end(max(start, end))]
            return start, max(start, end) + len(behind), f"{behind}\n{_indented(lines, 2)}"
        if node.flow_style:
            end = node.value[-1].end_mark.index
            return end, end, f", {text}"
        end = self._line_end(_end(node.value[-1], self.text))
        block = _is_block(node.value[-1])
        return end, end, "\n" + _indented(lines if block else f"- {text}", node.start_mark.column)


_COMMENT = re.compile(r":?[ \t]*#[ \t]*(.*?)[ \t]*")


def _in_braces(node: yaml.MappingNode, adds: Sequence[Entry], gone: Sequence[str]) -> list[Span]:
    """Keys taken from and added to `{...}`, so that one comma stands between any two."""
    spans = []
    kept: list[Pair] = []
    run: Pair | None = None  # the first of the keys to be taken that follow the last one kept
    for pair in node.value:
        if pair[0].value in gone:
            run = run or pair
            continue
        if run is not None:
            spans.append((run[0].start_mark.index, pair[0].start_mark.index, ""))
            run = None
        kept.append(pair)
    new = [f"{scalar(edit.path[-1])}: {edit.text}" for edit in adds]
    if not kept:
        return [(node.start_mark.index + 1, node.end_mark.index - 1, ", ".join(new))]
    start = kept[-1][1].end_mark.index
    end = start if run is None else node.value[-1][1].end_mark.index
    if new or end > start:
        spans.append((start, end, "".join(f", {text}" for text in new)))
    return spans


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _end(node: yaml.Node, text: str) -> int:
    """Where a value ends. The parser ends a block only where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    end = int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
        return len(text[:end].rstrip())
    return end


def _behind_colon(pair: Pair, text: str) -> str:
    """A value that was left empty ends at its colon."""
    return f" {text}" if pair[1].start_mark.index == pair[1].end_mark.index else text


def _entry(path: Path, text: str) -> Entry:
    return Entry(path, f"{scalar(path[-1])}: {text}", text)


def _indented(lines: str, margin: int) -> str:
    return "\n".join(" " * margin + line if line else line for line in lines.split("\n"))
