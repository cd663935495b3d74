"""What a reader of Markdown or HTML gets: the elements, their attributes, the text outside of code."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = {"br", "hr", "img", "meta", "link", "input"}
CODE = {"code", "pre", "style"}
# What GitHub looks for in the text that Markdown became: mentions, references, emoji, addresses, commits.
LIVE = re.compile(
    r"@[\w-]|#\d|\bGH-\d|:[\w+-]*[a-z+-][\w+-]*:|://|\bwww\.\w|\b(?=\d*[a-f])[0-9a-f]{7,40}\b|\$[^\s\u200b]",
    re.IGNORECASE,
)
HIDDEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\U000e0000-\U000e007f\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


@dataclass
class Rendered(HTMLParser):
    """Markup read back. `plain` is the text that is no code; a tag that closes another one than the last is an error."""

    found: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    plain: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.found}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.plain += "\n" if CODE.intersection(self.open) else data


def of_html(markup: str) -> Rendered:
    """An HTML page or a part of one."""
    rendered = Rendered()
    rendered.feed(markup)
    rendered.close()
    return rendered


def of_markdown(text: str) -> Rendered:
    """Markdown as a forge shows it: with tables, strikethrough, and HTML let through."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    return of_html(parser.render(text))
