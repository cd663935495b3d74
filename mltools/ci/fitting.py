"""Markdown cut to what a forge takes, so that what is left still renders as it was meant."""

import re
from collections.abc import Callable
from dataclasses import dataclass

NOTICE = "_Cut here: the rest would not fit. The run's report file has everything._"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def utf16_size(text: str) -> int:
    """The length as a forge may count it: an emoji is two."""
    return len(text) + sum(char > "\uffff" for char in text)


def byte_size(text: str) -> int:
    return len(text.encode())


def fit(text: str, limit: int, *, size: Callable[[str], int] = utf16_size) -> str:
    """The text if it fits, else its first lines, with open code blocks and folds closed and a notice at the end."""
    if size(text) <= limit:
        return text
    room = limit - size(NOTICE) - 3
    if room < 0:
        return ""
    kept, used, whole = 0, 0, ""
    lines = text.split("\n")
    still = _Open()
    for number, line in enumerate(lines, start=1):
        used += size(line) + 1
        if used > room:
            break
        still.read(line)
        if used + size(still.closing) <= room:
            kept, whole = number, still.closing
    return "\n".join([*lines[:kept], *filter(None, [whole]), "", NOTICE])


def same_text(one: str, other: str) -> bool:
    """Whether two bodies are the same but for line ends and the edges, which a forge may change."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


@dataclass(slots=True)
class _Open:
    """The code block and the folds that are open after the lines read so far."""

    fence: str = ""
    folds: int = 0

    def read(self, line: str) -> None:
        bar = _FENCE.fullmatch(line)
        if self.fence:
            if bar and bar[1].startswith(self.fence) and not bar[2].strip():
                self.fence = ""
        elif bar:
            self.fence = bar[1]
        else:
            self.folds = max(0, self.folds + line.count("<details>") - line.count("</details>"))

    @property
    def closing(self) -> str:
        return "\n".join(([self.fence] if self.fence else []) + ["\n</details>"] * self.folds)
