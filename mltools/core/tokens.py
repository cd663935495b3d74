"""The words of an SQL condition. What is no word of one, a comment and a semicolon among them, is refused."""

import re
from dataclasses import dataclass
from typing import Literal

MOST = 200

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")+")
    | (?P<name>[^\W\d]\w*)
    | (?P<sign><=|>=|<>|!=|\|\||(?!--|/\*)[-+*/%=<>(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `text` is what it means: quotes are taken off, the case of a name is kept."""

    sort: Literal["number", "text", "quoted", "name", "sign", "end"]
    text: str

    @property
    def word(self) -> str:
        """A name as a keyword is compared; nothing else is one."""
        return self.text.upper() if self.sort == "name" else ""


def tokens(text: str) -> list[Token]:
    """The words of a condition, an end mark last. Raises ValueError where it stops being one."""
    found: list[Token] = []
    end = len(text.rstrip())
    at = 0
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            raise ValueError(f"{rest[:20]!r} is not understood{_because(rest)}")
        found.append(_token(match))
        at = match.end()
        if len(found) > MOST:
            raise ValueError(f"has more than {MOST} words; make several checks of it")
    return [*found, Token("end", "the end")]


def _token(match: "re.Match[str]") -> Token:
    sort, raw = match.lastgroup, match[match.lastgroup or 0]
    match sort:
        case "text":
            return Token("text", raw[1:-1].replace("''", "'"))
        case "quoted":
            return Token("quoted", raw[1:-1].replace('""', '"'))
        case "number" | "name" | "sign":
            return Token(sort, "<>" if raw == "!=" else raw)
    raise AssertionError(f"no token {sort}")


def _because(rest: str) -> str:
    if rest.startswith(("--", "/*")):
        return "; a comment belongs above the check, as # in YAML"
    if rest.startswith(";"):
        return "; a check is one condition"
    if rest.startswith(("'", '"')):
        return "; the quote is not closed"
    return ""
