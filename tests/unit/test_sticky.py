"""The one comment that is kept up to date: whose it is, and what is to be done."""

from typing import NoReturn

import pytest

from mltools.ci.provider import Comment
from mltools.ci.sticky import (
    BOT,
    LIMIT,
    Create,
    Delete,
    Update,
    body_of,
    marker,
    own,
    plan,
    room,
    superseded,
)

MARK = marker(".")


def nobody_asks() -> NoReturn:
    raise AssertionError("asked for the login without need")


def test_the_marker_is_hidden_and_names_the_project() -> None:
    assert marker(".") == "<!-- mltools:report:v1:. -->"
    assert marker("models/iris") == "<!-- mltools:report:v1:models/iris -->"


@pytest.mark.parametrize("key", ["--> <img src=x>", "a--b", "x\n<!--", "$(id)", "ü|x", "-->", "--!>"])
def test_no_project_name_can_end_the_marker(key: str) -> None:
    inner = marker(key).removeprefix("<!-- ").removesuffix(" -->")
    assert "--" not in inner
    assert not set(inner) & set("<>\n\"' ")


def test_different_projects_have_different_markers() -> None:
    keys = [".", "a", "a-b", "a--b", "a%2D%2Db", "A", "a/b"]
    assert len({marker(key) for key in keys}) == len(keys)


def test_a_first_report_is_created() -> None:
    assert plan(3, (), "body") == (Create(3, "body"),)


def test_a_changed_report_updates_the_comment_in_place() -> None:
    assert plan(3, (Comment(7, BOT, f"{MARK}\nold"),), f"{MARK}\nnew") == (Update(3, 7, f"{MARK}\nnew"),)


def test_the_same_report_is_not_sent_again() -> None:
    assert plan(3, (Comment(7, BOT, f"{MARK}\r\nsame\r\n"),), f"{MARK}\nsame\n") == ()


def test_of_two_own_comments_the_newest_wins_and_the_other_goes() -> None:
    ours = own([Comment(9, BOT, f"{MARK}\nb"), Comment(7, BOT, f"{MARK}\na")], ".", nobody_asks)
    assert plan(3, ours, "new") == (Update(3, 9, "new"), Delete(7))
    assert plan(3, ours, f"{MARK}\nb") == (Delete(7),)


def test_a_marker_pasted_by_a_user_is_not_ours() -> None:
    comments = [Comment(1, "mallory", f"{MARK}\nall is well"), Comment(2, BOT, f"{MARK}\nreal")]
    assert own(comments, ".", lambda: None) == (comments[1],)
    assert own(comments, ".", lambda: "ada") == (comments[1],)


def test_a_person_who_posts_with_an_own_token_is_known_by_the_login() -> None:
    comments = [Comment(1, "ada", f"{MARK}\nfirst")]
    assert own(comments, ".", lambda: "ada") == tuple(comments)


def test_the_login_is_asked_for_only_when_it_matters() -> None:
    assert own([Comment(1, BOT, f"{MARK}\nx"), Comment(2, "ada", "hello")], ".", nobody_asks)


def test_a_quoted_marker_and_that_of_another_project_do_not_count() -> None:
    comments = [
        Comment(1, BOT, f"> {MARK}\n> quoted"),
        Comment(2, BOT, f"{marker('other')}\nx"),
        Comment(3, BOT, f"hello {MARK}"),
    ]
    assert own(comments, ".", nobody_asks) == ()


def test_an_apps_earlier_comments_go_once_its_login_is_known() -> None:
    made = Comment(9, "my-app[bot]", f"{MARK}\nnew")
    comments = [
        Comment(1, "my-app[bot]", f"{MARK}\nold"),
        Comment(2, "mallory", f"{MARK}\npasted"),
        Comment(3, "my-app[bot]", "something else"),
        made,
    ]
    assert superseded(comments, ".", made) == (Delete(1),)


def test_a_body_starts_with_the_marker_and_keeps_within_the_limit() -> None:
    note = "<sub>note</sub>"
    body = body_of(".", "line\n" * 100_000, note=note)
    assert body.startswith(f"{MARK}\nline\n")
    assert body.endswith(f"\n\n{note}\n")
    assert LIMIT - 200 < len(body) <= LIMIT


def test_a_report_that_keeps_to_its_room_is_not_cut() -> None:
    text = "x" * room("a/b", "note")
    assert text in body_of("a/b", text, note="note")
    assert len(body_of("a/b", text, note="note")) <= LIMIT
