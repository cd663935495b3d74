"""Nothing from outside gets through as markup."""

import pytest

from mltools.core import markdown

WORST = [
    "@team please approve",
    "#12 and GH-12",
    "<script>alert(1)</script>",
    "<!-- mltools:report:v1:x -->",
    "![x](https://example.com/p.png)",
    "[click](javascript:alert(1))",
    "https://example.com www.example.com",
    "a|b\nc",
    "`code` **bold** _it_ ~~no~~",
    "\u202egnp.exe \u200b\ufeff",
    "$x^2$",
    "deadbeefcafe0123",
]


@pytest.mark.parametrize("text", WORST)
def test_escaped_text_holds_no_live_markup(text: str) -> None:
    line = markdown.escape(text)
    bare = (
        line.replace("\\|", "")
        .replace("&#64;", "")
        .replace("&#58;", "")
        .replace("&#35;", "")
        .replace("&#8203;", "")
    )
    assert "\n" not in line
    assert not any(char in bare for char in "<>@|")
    assert "://" not in line
    assert "www." not in line
    assert "\u202e" not in line
    assert "\u200b" not in line


@pytest.mark.parametrize("text", [*WORST, "`", "``", "`` ` ``", ""])
def test_code_spans_cannot_be_left(text: str) -> None:
    span = markdown.code(text)
    assert "\n" not in span
    if span.startswith("<code>"):
        assert "<" not in span[6:-7]
        assert "|" not in span
    else:
        fence = span[: len(span) - len(span.lstrip("`"))]
        assert span.endswith(fence)
        assert fence not in span[len(fence) : -len(fence)].replace("`" * (len(fence) + 1), "")


def test_long_text_is_cut_with_a_sign() -> None:
    assert markdown.clean("x" * 500, limit=10) == "xxxxxxxxx…"


def test_a_fence_is_longer_than_any_in_its_content() -> None:
    assert markdown.fence("```\nx\n```").startswith("````\n")


def test_tables_align_numbers_to_the_right() -> None:
    assert markdown.table(("a", "b"), [("x", "1")], right=(1,)) == "| a | b |\n| --- | ---: |\n| x | 1 |"
