"""Markdown that says what is meant, whatever the values hold."""

import re
from collections.abc import Iterable, Sequence

# Characters that reorder or hide text: bidirectional controls, zero-width characters, the BOM, other controls.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
# GitHub looks for mentions, references, emoji, math and commits in the text that Markdown has been turned into: neither
# an entity nor a backslash hides one from it (github/cmark-gfm#181). A character that nobody sees does.
APART = "\u200b"
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "#": "&#35;",
    "$": "&#36;",
    APART: "&#8203;",
}
_ESCAPES = {**_ENTITIES, **{char: f"\\{char}" for char in "\\`*_{}[]()+!|~"}}
_LIVE = re.compile(
    r"(?<=@)(?=\S)|(?<=\$)(?=\S)|(?<=#)(?=\d)|(?<=:)(?=//|[\w+-]+:)|\b(?<=www)(?=\.)|\b(?<=GH)(?=-\d)",
    re.IGNORECASE,
)
_COMMIT = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{7,64}\b", re.IGNORECASE)
# Most of what a report shows: nothing in it means anything to Markdown, and it is too short for a commit.
_HARMLESS = re.compile(r"[A-Za-z0-9 ]{0,6}|-?[0-9]{0,6}(\.[0-9]{0,6})?")
_PIECE = 6


def escape(text: object, *, limit: int = 200) -> str:
    """Foreign text on one line as plain Markdown text: no markup, mention, link, reference, image or hidden character."""
    line = clean(text, limit=limit)
    if _HARMLESS.fullmatch(line):
        return line
    line = _COMMIT.sub(_in_pieces, _LIVE.sub(APART, line))
    return "".join(_ESCAPES.get(char, char) for char in line)


def _in_pieces(commit: re.Match[str]) -> str:
    """A word that could name a commit, in pieces that are too short for it."""
    word = commit[0]
    return APART.join(word[at : at + _PIECE] for at in range(0, len(word), _PIECE))


def code(text: object, *, limit: int = 200) -> str:
    """Foreign text as an inline code span that it cannot leave, also inside a table."""
    line = clean(text, limit=limit)
    if "|" in line or "@" in line:
        # GitHub ends a table cell at a bar even inside a code span, and an answer by mail mentions whoever stands in
        # one. So this is HTML's element; Markdown counts inside it.
        return f"<code>{escape(line, limit=limit)}</code>".replace("\\|", "&#124;")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def clean(text: object, *, limit: int = 200) -> str:
    """Foreign text on one line, hidden characters shown as U+FFFD, cut to `limit` characters."""
    text = str(text)
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text.strip()
    line = _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\r\n\t]+", " ", text)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def visible(text: str) -> str:
    """Text of several lines with its hidden characters shown as U+FFFD."""
    plain = re.sub(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]", "\n", text)
    return "\n".join(
        _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", line.expandtabs(4)) for line in plain.split("\n")
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """A table of cells that are Markdown already; `right` are the columns of numbers."""
    numbers = set(right)
    rule = ["---:" if index in numbers else "---" for index in range(len(header))]
    lines = [header, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def details(summary: str, body: str) -> str:
    """A folded part."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def fence(text: str, language: str = "") -> str:
    """A fenced block that its content cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{language}\n{text}\n{bar}"
