"""A run's report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

It says what the Markdown report says, in the same order, made from the same values. Its policy lets the browser use
the one style sheet inside it and nothing more. It is put together by functions and not by a template, because every
`mltools run` writes it and loading a template engine takes longer than the whole page.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256

from mltools.core.page import data_diff, figures, parts
from mltools.core.page.html import Html, tag, void
from mltools.core.page.style import CSS
from mltools.core.records import Record
from mltools.core.report import chosen
from mltools.core.report.around import NOTHING, Around

Part = Callable[[Record, Around, Mapping[str, bytes]], Html | None]

PARTS: Mapping[str, tuple[str, Part]] = {
    "metrics": ("Metrics", lambda record, *_: parts.metrics(record)),
    "warnings": ("Notes", lambda record, *_: parts.warnings(record)),
    "data": ("Data", lambda record, *_: parts.data(record)),
    "data-changes": ("Data against the base", lambda record, *_: data_diff.render(record)),
    "gates": ("Gates", lambda record, *_: parts.gates(record)),
    "params": ("Params", lambda record, *_: parts.params(record)),
    "slices": ("Slices", lambda record, *_: parts.of_kind(record, "slice")),
    "fairness": ("Fairness", lambda record, *_: parts.of_kind(record, "fairness")),
    "plots": ("Plots", lambda record, around, _: figures.plots(record, around)),
    "images": ("Pictures", lambda record, _, held: figures.pictures(record, held)),
    "stages": ("Pipeline", lambda record, *_: figures.pipeline(record)),
    "history": ("History", lambda record, around, _: figures.history(record, around)),
    "extra": ("More", lambda record, *_: parts.extras(record)),
    "all-metrics": ("Other metrics", lambda record, *_: parts.more_metrics(record)),
    "environment": ("Reproduce this", lambda record, *_: parts.environment(record)),
}


def render(record: Record, *, around: Around = NOTHING, pictures: Mapping[str, bytes] | None = None) -> str:
    """The page; `pictures` are the bytes of the record's PNGs by their hash, as far as they are at hand."""
    made = []
    for section in chosen(around.sections, record):
        title, part = PARTS.get(section.name, ("", _nothing))
        if (body := part(record, around, pictures or {})) is not None:
            made.append((section.name, title, body))
    links = (tag("a", title, href=f"#{name}") for name, title, _ in made)
    sections = (
        tag("section", tag("h2", title, id=f"{name}-title"), body, id=name, aria_labelledby=f"{name}-title")
        for name, title, body in made
    )
    body = tag(
        "body",
        parts.header(record),
        tag("nav", *links, aria_label="Sections"),
        tag("main", *sections),
        tag("footer", f"Made by mltools {record.environment.mltools} from the record {record.id}."),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(record), body, lang='en')}\n"


def policy() -> str:
    """The page's Content-Security-Policy: this style sheet by its hash, pictures inside the page, nothing else."""
    digest = b64encode(sha256(CSS.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _head(record: Record) -> Html:
    name = "" if record.project == "." else f"{record.project}: "
    return tag(
        "head",
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy()),
        void("meta", name="viewport", content="width=device-width,initial-scale=1"),
        void("meta", name="referrer", content="no-referrer"),
        tag("title", f"{name}{record.verdict.value} at {record.commit[:8]}"),
        tag("style", Html(CSS)),
    )


def _nothing(_: Record, __: Around, ___: Mapping[str, bytes]) -> Html | None:
    return None
