"""The conditions of checks: what is one, what is not, and how SQL would group it."""

import pytest

from mltools.core.conditions import parse_condition
from mltools.core.expressions import Kind, Node, used

COLUMNS: dict[str, Kind] = {
    "a": "integer",
    "b": "number",
    "s": "text",
    "f": "boolean",
    "d": "date",
    "t": "datetime",
    "mean radius": "number",
    'say "hi"': "integer",
    "end": "date",
    "größe": "number",
}


def grouped(node: Node) -> str:
    """A tree as text, every operation in parentheses."""
    if node.op in {"column", "constant"}:
        return node.text or "NULL"
    if node.op == "as":
        return grouped(node.parts[0])
    name = node.text if node.op == "call" else node.op
    return f"({' '.join([name, *map(grouped, node.parts)])})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a > 1 OR f AND NOT f", "(or (> a 1) (and f (not f)))"),
        ("a + 2 * 3 = b", "(= (+ a (* 2 3)) b)"),
        ("a - 1 - 2 < b", "(< (- (- a 1) 2) b)"),
        ("(a - (1 - 2)) < -b", "(< (- a (- 1 2)) (negative b))"),
        ("- - a = a", "(= a a)"),
        ("a between 1 and 2 and f", "(and (and (>= a 1) (<= a 2)) f)"),
        ("a NOT IN (1, 2.5, null)", "(not (in a 1 2.5 NULL))"),
        ("s NOT LIKE 'x%'", "(not (like s))"),
        ("a IS NULL or b is not null", "(or (is null a) (not (is null b)))"),
        ("f IS NOT TRUE", "(not (is f true))"),
        ("a IS DISTINCT FROM b", "(not (is a b))"),
        ("a IS NOT DISTINCT FROM b", "(not (not (is a b)))"),
        ("CASE WHEN f THEN 1 WHEN NOT f THEN b END > 2", "(> (case f 1 (not f) b NULL) 2)"),
        ("coalesce(a, b, 0) != abs(-1.5)", "(<> (coalesce a b 0) (abs (negative 1.5)))"),
        ("d >= '2026-01-31'", "(>= d 2026-01-31)"),
        ("t >= DATE '2026-01-31'", "(>= t 2026-01-31)"),
        ("t = '2026-01-31T12:00:00+01:00'", "(= t 2026-01-31 11:00:00)"),
        ("t - d <= INTERVAL 36 HOUR", "(<= (time between t d) 129600)"),
        ("d - d <= 3", "(<= (days between d d) 3)"),
        ("t < d + INTERVAL '2 weeks'", "(< t (later d 1209600))"),
        ("INTERVAL '1' minute + d > t", "(> (later d 60) t)"),
        ('"mean radius" > 0', "(> mean radius 0)"),
        ('"say ""hi""" > 0', '(> say "hi" 0)'),
        ('"end" >= d', "(>= end d)"),
        ("größe > .5e-3", "(> größe 0.0005)"),
        ("s = 'it''s'", "(= s it's)"),
        ("s || s = 'x'", "(= (|| s s) x)"),
        ("9223372036854775808 > a", "(> 9.223372036854776e+18 a)"),
        ("YEAR(d) = year(t)", "(= (year d) (year t))"),
        ("round(b, 2) = b", "(= (round b 2) b)"),
    ],
)
def test_a_condition_is_grouped_as_in_sql(text: str, tree: str) -> None:
    assert grouped(parse_condition(text, COLUMNS)) == tree


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a", "is an integer, not a condition that holds or does not"),
        ("1 > 2", "names no column, so it says nothing about the data"),
        ("aa > 1", "'aa' is no column of this contract"),
        ("mean_radius > 1", "'mean_radius' is no column of this contract; did you mean 'mean radius'?"),
        ("A > 1", "'A' is no column of this contract; did you mean 'a'?"),
        ("a > 'x'", "> stands between an integer and text"),
        ("a = d", "= stands between an integer and a date"),
        ("d > 'soon'", "'soon' is no time in ISO 8601"),
        ("t = DATE '2026-02-30'", "'2026-02-30' is no date in ISO 8601"),
        ("s + 1 > 2", "+ needs an integer or a number, got text"),
        ("a || s = s", "|| needs text, got an integer"),
        ("-s = s", "- needs an integer or a number, got text"),
        ("f > f", "> needs an integer or a number or text or a date or a time or a length of time"),
        ("a AND f", "AND needs a truth value, got an integer"),
        ("NOT a", "NOT needs a truth value, got an integer"),
        ("a IS TRUE", "IS TRUE needs a truth value, got an integer"),
        ("a LIKE 'x'", "LIKE needs text, got an integer"),
        ("s LIKE s", "expected a pattern in single quotes after LIKE, found 's'"),
        ("a IN (1, 'x')", "IN stands between an integer and text"),
        ("t - t > 3", "> stands between a length of time and an integer"),
        ("d + INTERVAL 1 MONTH > d", "INTERVAL '1 MONTH' is not understood; it is a whole number of seconds"),
        ("d + INTERVAL 1.5 DAY > d", "INTERVAL '1.5' is not understood"),
        ("length(a) > 1", "length needs text, got an integer"),
        ("abs() > a", "abs takes 1 value, got 0"),
        ("abs(a, b) > 1", "abs takes 1 value, got 2"),
        ("coalesce(a) > 1", "coalesce takes 2 or more values, got 1"),
        ("round(b, a) = b", "round takes its number of digits as a plain number"),
        ("a = 1e400", "1e400 is no number that a column can hold"),
        ("CASE a WHEN 1 THEN f END", "expected WHEN after CASE, found 'a'"),
        ("CASE WHEN a THEN f END", "WHEN needs a truth value, got an integer"),
        ("a < b < a", "expected the end, found '<'"),
        ("a >", "expected a value, found the end"),
        ("", "expected a value, found the end"),
        ("(a > 1", "expected ), found the end"),
        ("(a, b) = (1, 2)", "lists values in parentheses"),
        ("end > d", "expected a value (a column of that name goes in double quotes), found 'end'"),
        ("a NOT 1", "expected IN, BETWEEN or LIKE after NOT, found '1'"),
        ("a IS 1", "expected NULL, TRUE, FALSE or DISTINCT FROM, found '1'"),
        ("a > 1 b", "expected the end, found 'b'"),
        ("(" * 50 + "f" + ")" * 50, "is nested more than 20 levels deep"),
        ("a > " + "+".join("1" * 90), "is too long; make several checks of it"),
        (" OR ".join(["f"] * 150), "has more than 200 words"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        parse_condition(text, COLUMNS)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        "a > (SELECT 1)",
        "a IN (SELECT b FROM other)",
        "EXISTS (SELECT 1)",
        "count(*) > 1",
        "sum(a) OVER () > 1",
        "a > 1; DROP TABLE x",
        "a > 1 -- and more",
        "a /* hidden */ > 1",
        "getenv('HOME') = s",
        "read_text('/etc/passwd') = s",
        "current_setting('threads') = s",
        "COLUMNS(*) > 1",
        "* > 1",
        "t.a > 1",
        "a::text = s",
        "CAST(s AS INTEGER) > 1",
        "$1 > a",
        "a > ?",
        "#1 > a",
        "a[1] > 1",
        "{'x': a} = 1",
        "s ~ 'x'",
        "s COLLATE nocase = s",
        "a > 0x1F",
        "s = 'open",
        's = "open',
        "s = E'\\n'",
        "a > 1_000",
        "random() > b",
        "a \0 > 1",
        "a > @b",
        "x -> x > 1",
    ],
)
def test_nothing_but_a_condition_on_one_row_can_be_said(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_condition(text, COLUMNS)


def test_the_columns_of_a_condition_are_known() -> None:
    assert used(parse_condition("b > a OR s = 'a' AND b < 3", COLUMNS)) == ("b", "a", "s")
