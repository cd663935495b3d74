"""Markdown that is cut and still means what it did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.ci.fitting import NOTICE, byte_size, fit, same_text, utf16_size


def test_what_fits_is_left_alone() -> None:
    assert fit("a\nb\n", 4) == "a\nb\n"


def test_a_cut_is_made_between_lines_and_said() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    cut = fit(text, 200)
    assert len(cut) <= 200
    assert cut.endswith(NOTICE)
    assert all(line in text.split("\n") for line in cut.removesuffix(f"\n\n{NOTICE}").split("\n"))


def test_open_blocks_and_folds_are_closed() -> None:
    text = "<details>\n<summary>s</summary>\n\n````json\n" + "```\nx\n" * 100 + "````\n</details>"
    cut = fit(text, 300)
    assert cut.split("\n").count("````") == 1
    assert cut.count("</details>") == 1
    assert cut.index("\n````\n") < cut.index("</details>") < cut.index(NOTICE)


def test_a_fold_inside_a_code_block_is_text() -> None:
    cut = fit("```\n<details>\n```\n" + "x\n" * 200, 150)
    assert "</details>" not in cut


def test_a_single_endless_line_is_left_out_whole() -> None:
    assert fit("head\n" + "x" * 1_000_000, 500).startswith("head\n")
    assert "xxx" not in fit("head\n" + "x" * 1_000_000, 500)


def test_no_room_at_all_leaves_nothing() -> None:
    assert fit("x" * 100, 10) == ""
    assert fit("x" * 100, -5) == ""


def test_emoji_count_as_a_forge_counts_them() -> None:
    assert utf16_size("a\N{WHITE HEAVY CHECK MARK}\N{PARTY POPPER}") == 4
    assert byte_size("ü") == 2


@given(
    st.lists(st.sampled_from(["a", "```", "````", "~~~", "<details>", "</details>", "x" * 50, "\U0001f600"])),
    st.integers(0, 400),
    st.sampled_from([utf16_size, byte_size]),
)
def test_a_cut_text_never_exceeds_its_limit(lines: list[str], limit: int, size: object) -> None:
    measure = utf16_size if size is utf16_size else byte_size
    assert measure(fit("\n".join(lines), limit, size=measure)) <= limit


@pytest.mark.parametrize("other", ["a\nb", "a\r\nb\r\n", "\na\nb\n\n"])
def test_line_ends_make_no_difference(other: str) -> None:
    assert same_text("a\nb\n", other)
    assert not same_text("a\nb\nc", other)
