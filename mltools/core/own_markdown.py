"""A project's own Markdown inside a report: its formatting counts, but it can neither hold HTML nor leave its place.

Fenced blocks are read line by line and written anew at the margin, where nothing but their own bar ends them. Outside of
them every `<` is an entity and every `@` stands apart, so no tag, comment (the report's marker is one) or mention is left.
"""

import re
from collections.abc import Iterator

from mltools.core.markdown import fence, visible

# Behind backticks no backtick may follow; behind tildes anything may.
_OPENS = re.compile(r" {0,3}(?P<bar>(?P<tick>`{3,})|~{3,})(?P<info>(?(tick)[^`]*|.*))")
# What would open a block once the backticks behind it are gone, at the margin or inside a list or a quote.
_BAR_AT_LAST = re.compile(r"`{3,}(?=[^`]*$)")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+-]{1,20}")
# A backslash before it would take away the meaning of what stands there then.
_SPAN = re.compile(r"(?<![`\\])(?P<bar>`+)(?!`)(?P<text>[^\n]*?[^`\n])(?P=bar)(?!`)")
_ENTITIES = {"<": "&lt;", "@": "@&#8203;"}
_IN_CODE = {
    **_ENTITIES,
    "&": "&amp;",
    ">": "&gt;",
    **{char: f"&#{ord(char)};" for char in "\\`*_[]()!|~#:.$"},
}


def own(text: str) -> str:
    """The Markdown as it may stand in a report, whole lines, every block that it opens closed."""
    return "\n".join(_blocks(visible(text).split("\n"))).strip("\n")


def _blocks(lines: list[str]) -> Iterator[str]:
    held: list[str] = []
    bar, language = "", ""
    for line in lines:
        opens = _OPENS.fullmatch(line)
        if bar:
            if opens and opens["bar"].startswith(bar) and not opens["info"].strip():
                yield fence("\n".join(held), language)
                bar, held = "", []
            else:
                held.append(line)
        elif opens:
            bar = opens["bar"]
            word = opens["info"].strip()
            language = word if _LANGUAGE.fullmatch(word) else ""
        else:
            yield _line(line)
    if bar:
        yield fence("\n".join(held), language)


def _line(line: str) -> str:
    """A line outside of blocks. Code spans that hold what has to go become HTML's element, in which entities count."""
    parts = []
    end = 0
    for span in _SPAN.finditer(line):
        if not any(char in span["text"] for char in _ENTITIES):
            continue
        parts += [_plain(line[end : span.start()]), f"<code>{_code(span['text'])}</code>"]
        end = span.end()
    if not parts:
        return _plain(line)
    made = "".join([*parts, _plain(line[end:])])
    return _BAR_AT_LAST.sub(lambda bar: "&#96;" * len(bar[0]), made)


def _plain(text: str) -> str:
    return "".join(_ENTITIES.get(char, char) for char in text)


def _code(text: str) -> str:
    return "".join(_IN_CODE.get(char, char) for char in text.strip())
