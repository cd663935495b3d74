"""Foreign names on one line, and the name that was probably meant."""

import pytest

from mltools.core.names import nearest, shown, title


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\r", r"two\nlines\r"),
        ("a\0b", r"a\x00b"),
        ("right\u202eleft", r"right\u202eleft"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("ünï ☃", "ünï ☃"),
        ("x" * 81, "x" * 77 + "..."),
        ("", ""),
        ("a ##[add-mask]x", r"a #\x23[add-mask]x"),  # a command to GitHub's runner, wherever it stands
        ("###[error]", r"##\x23[error]"),
    ],
)
def test_a_text_is_shown_on_one_line_with_nothing_hidden(text: str, line: str) -> None:
    assert shown(text) == line


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mean_radius", "mean_radius"),
        ("a.b", "a.b"),
        ("mean radius", "'mean radius'"),
        ("a|b", "'a|b'"),
        ("", "''"),
        ("ü", "'ü'"),
        ("y" * 200, f"'{'y' * 97}...'"),
    ],
)
def test_a_name_that_is_no_plain_word_stands_in_quotes(name: str, said: str) -> None:
    assert title(name) == said


@pytest.mark.parametrize(
    ("name", "among", "meant"),
    [
        ("mean_radius", ["area", "mean radius"], "mean radius"),
        ("age", ["Age "], "Age "),
        ("id", ["\uff49d"], "\uff49d"),  # a full-width i
        ("café", ["cafe\u0301"], "cafe\u0301"),  # the accent as a character of its own
        ("texture", ["texure", "text"], "texure"),
        ("age", ["income"], None),
        ("age", [], None),
    ],
)
def test_the_nearest_name_is_the_one_that_looks_alike(name: str, among: list[str], meant: str | None) -> None:
    assert nearest(name, among) == meant
