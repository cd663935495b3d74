"""Nothing from outside gets through as markup."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mltools.core import markdown
from mltools.core.own_markdown import own
from tests.rendered import HIDDEN, LIVE, of_markdown

WORST = [
    "@team please approve",
    "(@team) @-x a@b.c",
    "#12 and GH-12 and o/r#12",
    "<script>alert(1)</script>",
    "<!-- mltools:report:v1:x -->",
    "![x](https://example.com/p.png)",
    "[click](javascript:alert(1))",
    "https://example.com www.example.com ftp://x.y",
    "a|b\nc",
    "a|b [c](https://e.vil) **d** <img src=x> @team",
    "`code` **bold** _it_ ~~no~~",
    "\\`a\\| b\\",
    "\u202egnp.exe \u200b\ufeff",
    "$x^2$ $$y$$",
    "deadbeefcafe0123",
    ":tada: :+1:",
    "&#64;team &lt;b&gt; &amp;",
    "<https://e.vil>",
]
PIECES = [*"@#:$|`\\<>&*_~[]()!-+.\n\t wGHaf01e", "//", "\u202e", "\u200b", "é", "www.", "deadbeef"]
WILD = st.lists(st.sampled_from(PIECES)).map("".join)
BLOCKS = [*"`~<>!-@ \n\t>[]()a1.|\\", "```", "<img src=x>", "- ", "1. ", "    ", "\n\n"]
WILD_BLOCKS = st.lists(st.sampled_from(BLOCKS), max_size=40).map("".join)


def plain(text: str) -> str:
    return of_markdown(text).plain


@pytest.mark.parametrize("text", WORST)
def test_escaped_text_is_shown_and_means_nothing(text: str) -> None:
    line = markdown.escape(text)
    found = of_markdown(f"| {line} | {line} |\n| --- | --- |\n| {line} | {line} |")
    assert found.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert [tag for tag, _ in found.found].count("td") == 2
    assert not LIVE.search(found.plain)


@pytest.mark.parametrize("text", WORST)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    assert (
        plain(f"x {markdown.escape(text)} x").replace("\u200b", "").strip() == f"x {markdown.clean(text)} x"
    )


@given(WILD)
def test_no_text_gets_through(text: str) -> None:
    found = of_markdown(f"x {markdown.escape(text)} x")
    assert found.tags == {"p"}
    assert not LIVE.search(found.plain)
    assert found.comments == []


@given(WILD)
def test_no_code_span_is_left(text: str) -> None:
    found = of_markdown(f"| a | b |\n| --- | --- |\n| {markdown.code(text)} | x |")
    assert found.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert [tag for tag, _ in found.found].count("td") == 2
    assert not LIVE.search(found.plain)


@pytest.mark.parametrize("text", [*WORST, "`", "``", "`` ` ``", ""])
def test_code_spans_cannot_be_left(text: str) -> None:
    span = markdown.code(text)
    assert "\n" not in span
    assert "|" not in span
    if not span.startswith("<code>"):
        fence = span[: len(span) - len(span.lstrip("`"))]
        assert span.endswith(fence)
        assert fence not in span[len(fence) : -len(fence)].replace("`" * (len(fence) + 1), "")


def test_a_mention_in_a_code_span_is_none_in_an_answer_by_mail() -> None:
    assert "@t" not in markdown.code("@team")


def test_numbers_stay_as_they_are() -> None:
    for number in ("0.123457", "1234567", "-1e-05", "123456789.123", "12:30"):
        assert markdown.escape(number) == number


def test_long_text_is_cut_with_a_sign() -> None:
    assert markdown.clean("x" * 500, limit=10) == "xxxxxxxxx…"


def test_a_fence_is_longer_than_any_in_its_content() -> None:
    assert markdown.fence("```\nx\n```").startswith("````\n")


def test_tables_align_numbers_to_the_right() -> None:
    assert markdown.table(("a", "b"), [("x", "1")], right=(1,)) == "| a | b |\n| --- | ---: |\n| x | 1 |"


OWN = """# A title

Some **bold** text, [a link](https://example.org), a < b and x <y.

| a | b |
| --- | --- |
| 1 | `x < y` |

- item
  ```
  inside of an item
<img src=x>
"""


def test_a_projects_own_markdown_keeps_its_formatting() -> None:
    found = of_markdown(own(OWN))
    assert {"h1", "strong", "a", "table", "code", "ul"} <= found.tags
    assert "img" not in found.tags
    assert "a < b" in found.plain


@pytest.mark.parametrize(
    "text",
    [
        "<!-- mltools:report:v1:. -->",
        "</details>\n\n<details>",
        "```\n<b>\n~~~\n<img src=x>",
        "~~~\n```\n<img src=x>",
        "- a\n  ```\n<img src=x>",
        "> ```\n<img src=x>\n> ```",
        "    ```\n<img src=x>\n    ```",
        "``` `x\n<img src=x>\n```",
        "`` <img src=x>` ``",
        "\\`<img src=x>\\`",
        "[a]: x '\n```\n<img src=x>'",
        "```\r<img src=x>\r```\r<img src=x>",
        "```\u2028<img src=x>\x85<img src=x>",
        "a\n<img\nsrc=x>\n<?php ?> <![CDATA[x]]> <!DOCTYPE x>",
        "@team `@team` **@team**",
        "<https://e.vil> <a@e.vil>",
    ],
)
def test_a_projects_own_markdown_holds_no_html_and_no_mention(text: str) -> None:
    made = own(text)
    found = of_markdown(f"<details>\n<summary>s</summary>\n\n{made}\n\n</details>\n\nafter")
    assert "img" not in found.tags
    assert found.comments == []
    assert [tag for tag, _ in found.found].count("details") == 1
    assert found.open == []
    assert found.plain.rstrip().endswith("after")
    assert not any(mention in found.plain for mention in ("@team", "a@e"))
    assert HIDDEN.search(made) is None


@given(WILD_BLOCKS)
@example("```~`<`")
@example("- ```~`<`")
@example("~~~ `x`\nfoo")
def test_no_own_markdown_leaves_its_place(text: str) -> None:
    found = of_markdown(f"<details>\n<summary>s</summary>\n\n{own(text)}\n\n</details>\n\nafter")
    assert {"img", "script"}.isdisjoint(found.tags)
    assert found.comments == []
    assert [tag for tag, _ in found.found].count("details") == 1
    assert found.plain.rstrip().endswith("after")
    assert not any(f"@{letter}" in found.plain for letter in "a1")
