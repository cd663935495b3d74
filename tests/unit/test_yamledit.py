"""YAML files changed in place: what is meant changes, every other character stays."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mltools.edges import documents
from mltools.edges.yamledit import Append, Document, Drop, Entry, Put, Remark
from mltools.edges.yamltext import comment, flow, scalar

ODD = """\
# the head

schema: 1
rows: { min: 10 }   # at least
columns:
    id:   {type: integer,   required: true}  # odd spacing
    age: {type: integer,
          minimum: 0,   # never negative
          maximum: 99}
    "yes": {type: string}

    # the sites
    site:   # where
        type: category
        enum:
        - north
        - "south"   # new
        description: a long plain text that goes
          over two lines
    note:
      {type: string, max_length: 012}
    last: {type: number, minimum: 1e-3}
"""


def edited(text: str, *edits: Any, head: str | None = None) -> str:
    return Document(text.encode(), "x.yaml").edited(edits, head=head).decode()


def changed(text: str, *edits: Any) -> dict[str, str]:
    """The lines that went, with what stands there now; as many lines must come as go."""
    before, after = text.splitlines(), edited(text, *edits).splitlines()
    assert len(before) == len(after)
    return {old: new for old, new in zip(before, after, strict=True) if old != new}


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (
            Put(("columns", "id", "required"), "false"),
            "    id:   {type: integer,   required: true}  # odd spacing",
            "    id:   {type: integer,   required: false}  # odd spacing",
        ),
        (
            Put(("columns", "id", "maximum"), "5"),
            "    id:   {type: integer,   required: true}  # odd spacing",
            "    id:   {type: integer,   required: true, maximum: 5}  # odd spacing",
        ),
        (
            Put(("columns", "age", "minimum"), "1"),
            "          minimum: 0,   # never negative",
            "          minimum: 1,   # never negative",
        ),
        (
            Put(("columns", "age", "unique"), "true"),
            "          maximum: 99}",
            "          maximum: 99, unique: true}",
        ),
        (
            Put(("columns", "yes", "type"), "category"),
            '    "yes": {type: string}',
            '    "yes": {type: category}',
        ),
        (Put(("columns", "site", "type"), "string"), "        type: category", "        type: string"),
        (
            Put(("columns", "note", "max_length"), "20"),
            "      {type: string, max_length: 012}",
            "      {type: string, max_length: 20}",
        ),
        (Put(("rows", "min"), "20"), "rows: { min: 10 }   # at least", "rows: { min: 20 }   # at least"),
        (
            Put(("rows", "max"), "20"),
            "rows: { min: 10 }   # at least",
            "rows: { min: 10, max: 20 }   # at least",
        ),
        (
            Drop(("columns", "id", "type")),
            "    id:   {type: integer,   required: true}  # odd spacing",
            "    id:   {required: true}  # odd spacing",
        ),
        (
            Drop(("columns", "last", "minimum")),
            "    last: {type: number, minimum: 1e-3}",
            "    last: {type: number}",
        ),
        (
            Remark(("columns", "id"), "2 of 2"),
            "    id:   {type: integer,   required: true}  # odd spacing",
            "    id:   {type: integer,   required: true}  # 2 of 2",
        ),
        (Remark(("columns", "site"), "2 of 2"), "    site:   # where", "    site:  # 2 of 2"),
        (
            Remark(("columns", "last"), "new"),
            "    last: {type: number, minimum: 1e-3}",
            "    last: {type: number, minimum: 1e-3}  # new",
        ),
    ],
)
def test_one_edit_changes_one_line(edit: Any, old: str, new: str) -> None:
    assert changed(ODD, edit) == {old: new}


def test_a_block_list_is_replaced_whole() -> None:
    text = edited(ODD, Put(("columns", "site", "enum"), "[north, east]"))
    assert "        enum: [north, east]   # new\n        description: a long" in text
    assert documents.read_yaml(text.encode(), "x")["columns"]["site"]["enum"] == ["north", "east"]


def test_columns_go_with_their_lines_and_come_behind_another() -> None:
    text = edited(
        ODD,
        Drop(("columns", "age")),
        Entry(("columns", "b"), "b:\n  type: string", "{type: string}", after="a"),
        Entry(("columns", "a"), "a: {type: string}  # new", "{type: string}", after="id"),
        Drop(("columns", "last")),
        Entry(("columns", "new"), "new: {type: string}", "{type: string}", first=True),
        Entry(("columns", "end"), "end: {type: string}", "{type: string}", after="last"),
    )
    assert text == ODD.replace(
        "    age: {type: integer,\n          minimum: 0,   # never negative\n          maximum: 99}\n",
        "    a: {type: string}  # new\n",
    ).replace(
        "    last: {type: number, minimum: 1e-3}\n", "    b:\n      type: string\n    end: {type: string}\n"
    ).replace("columns:\n", "columns:\n    new: {type: string}\n")


def test_keys_go_from_braces_wherever_they_stand() -> None:
    text = "x: {a: 1, b: 2, c: 3, d: 4}\n"
    assert edited(text, Drop(("x", "a")), Drop(("x", "b"))) == "x: {c: 3, d: 4}\n"
    assert edited(text, Drop(("x", "c")), Drop(("x", "d"))) == "x: {a: 1, b: 2}\n"
    assert edited(text, Drop(("x", "b")), Drop(("x", "d")), Put(("x", "e"), "5")) == "x: {a: 1, c: 3, e: 5}\n"
    everything = [Drop(("x", key)) for key in "abcd"]
    assert edited(text, *everything) == "x: {}\n"
    assert edited(text, *everything, Put(("x", "e"), "5"), Put(("x", "f"), "6")) == "x: {e: 5, f: 6}\n"


def test_a_key_whose_mapping_is_not_there_brings_it_along() -> None:
    assert edited("a: 1\n", Put(("rows", "min"), "5")) == "a: 1\nrows: {min: 5}\n"
    assert edited("a: {}\n", Put(("a", "b"), "5")) == "a: {b: 5}\n"
    assert edited("a: 1", Put(("b",), "5")) == "a: 1\nb: 5"
    assert edited("a:\nb: 2\n", Put(("a",), "5")) == "a: 5\nb: 2\n"


def test_columns_inside_braces_are_added_there() -> None:
    text = "columns: {a: {type: string}}\n"
    new = edited(text, Entry(("columns", "b"), "b: {type: date}  # seen", "{type: date}", after="a"))
    assert new == "columns: {a: {type: string}, b: {type: date}}\n"
    assert (
        edited(text, Entry(("columns", "a"), "a: {type: date}", "{type: date}"))
        == "columns: {a: {type: date}}\n"
    )


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff# é 😀\r\na: 1\r\nb: {c: 2}  # x\r\n"
    new = Document(text.encode(), "x").edited(
        [Put(("b", "d"), "3"), Entry(("e",), "e:\n  f: 1", "{f: 1}", after="a")]
    )
    assert new.decode() == "\ufeff# é 😀\r\na: 1\r\ne:\r\n  f: 1\r\nb: {c: 2, d: 3}  # x\r\n"


def test_the_head_is_what_stands_above_the_first_key() -> None:
    assert Document(ODD.encode(), "x").head() == "# the head\n\n"
    assert edited(ODD, head="# another\n").startswith("# another\nschema: 1\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n", "a: 1\ndata:\n  - path: p\n    schema: s\n"),
        ("data: []\na: 1\n", "data:\n  - path: p\n    schema: s\na: 1\n"),
        ("data: []  # none\n", "data:  # none\n  - path: p\n    schema: s\n"),
        ("data:\na: 1\n", "data:\n  - path: p\n    schema: s\na: 1\n"),
        ("data: [{path: q, schema: t}]\n", "data: [{path: q, schema: t}, {path: p, schema: s}]\n"),
        (
            "data:\n- {path: q, schema: t}  # c\na: 1\n",
            "data:\n- {path: q, schema: t}  # c\n- {path: p, schema: s}\na: 1\n",
        ),
        (
            "data:\n    - path: q\n      schema: t\n\n# rest\na: 1\n",
            "data:\n    - path: q\n      schema: t\n    - path: p\n      schema: s\n\n# rest\na: 1\n",
        ),
    ],
)
def test_a_list_grows_in_the_style_that_it_has(text: str, expected: str) -> None:
    assert edited(text, Append(("data",), {"path": "p", "schema": "s"})) == expected


def test_entries_and_comments_are_told_as_at_the_margin() -> None:
    document = Document(ODD.encode(), "x")
    assert document.entry(("columns", "id")) == "id:   {type: integer,   required: true}  # odd spacing"
    assert document.entry(("columns", "last")) == "last: {type: number, minimum: 1e-3}"
    assert (document.entry(("columns", "site")) or "").splitlines()[:2] == [
        "site:   # where",
        "    type: category",
    ]
    assert document.entry(("columns", "id", "type")) is None
    assert document.remark(("columns", "id")) == "odd spacing"
    assert document.remark(("columns", "site")) == "where"
    assert document.remark(("columns", "last")) is None


def test_an_alias_is_no_place_to_edit_and_shows_in_what_is_read_again() -> None:
    text = "a: &x {b: 1}\nc: *x\n"
    tree = documents.read_yaml(edited(text, Put(("c", "b"), "2")).encode(), "x")
    assert tree == {"a": {"b": 2}, "c": {"b": 2}}


KEYS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(value=VALUES)
def test_any_value_is_written_so_that_it_reads_back(value: Any) -> None:
    text = flow(value)
    assert "\n" not in text
    assert documents.read_yaml(f"x: {text}\n".encode(), "x") == {"x": value}


@pytest.mark.parametrize(
    "word",
    [
        "yes",
        "No",
        "on",
        "null",
        "NaN",
        "~",
        "1.5",
        "012",
        "1e3",
        "- x",
        "#",
        "a: b",
        "",
        " a",
        "a ",
        "2026-01-31",
        "=",
        "<<",
        "!x",
        "%",
        "@",
        "`",
        "0x1F",
        "1_000",
        ".inf",
        "true",
        "a #b",
        "*a",
        "&a",
        "a,b",
        "\u2028",
        "\ufeff",
        "\x85",
    ],
)
def test_words_that_yaml_reads_as_something_else_are_quoted(word: str) -> None:
    import yaml

    assert scalar(word).startswith('"')
    assert documents.read_yaml(f"{scalar(word)}: {scalar(word)}\n".encode(), "x") == {word: word}
    assert yaml.safe_load(f"{scalar(word)}: {scalar(word)}\n") == {
        word: word
    }  # as editors with YAML 1.1 read it


@pytest.mark.parametrize("word", ["mean radius", "od280/od315", "sepal length (cm)", "größe", "a-b_c.d"])
def test_plain_words_stay_plain(word: str) -> None:
    assert scalar(word) == word


def test_a_comment_is_one_line() -> None:
    assert comment("a\nb\u202ec") == "a\\x0ab\\u202ec"


STYLES = ("block", "flow")


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A contract-like file in mixed styles, with comments everywhere."""
    names = draw(st.lists(KEYS.filter(bool), min_size=1, max_size=5, unique=True))
    tree: dict[str, Any] = {"schema": 1, "columns": {}}
    margin = draw(st.sampled_from(["  ", "    ", " "]))
    lines = ["# head", "schema: 1  # one", "columns:"]
    for name in names:
        column = draw(
            st.dictionaries(
                st.sampled_from("abcde"),
                VALUES.filter(lambda value: value not in ({}, [])),
                min_size=1,
                max_size=4,
            )
        )
        tree["columns"][name] = column
        if draw(st.booleans()):
            lines.append(draw(st.sampled_from(["", f"{margin}# between"])))
        if draw(st.sampled_from(STYLES)) == "flow":
            lines.append(f"{margin}{scalar(name)}: {flow(column)}" + draw(st.sampled_from(["", "  # seen"])))
        else:
            lines.append(f"{margin}{scalar(name)}:  # block")
            lines += [f"{margin}   {key}:   {flow(value)}  # {key}" for key, value in column.items()]
    lines += draw(st.sampled_from([[], ["rows: {}"], ["", "# tail"]]))
    if "rows: {}" in lines:
        tree["rows"] = {}
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"])), tree


@given(file=files(), data=st.data())
def test_any_edits_give_the_tree_that_is_meant_and_leave_other_lines_alone(
    file: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    text, tree = file
    assume(documents.read_yaml(text.encode(), "x") == tree)
    edits: list[Any] = []
    touched = set()
    columns = tree["columns"]
    for name in list(columns):
        what = data.draw(st.sampled_from(["leave", "leave", "put", "drop", "replace", "rule"]))
        if what != "leave":
            touched.add(name)
        if what == "drop" and len(columns) > 1:
            del columns[name]
            edits.append(Drop(("columns", name)))
        elif what == "replace":
            columns[name] = data.draw(
                st.dictionaries(st.sampled_from("abcde"), st.integers(), min_size=1, max_size=2)
            )
            line = flow(columns[name])
            edits.append(Entry(("columns", name), f"{scalar(name)}: {line}  # new", line))
        elif what == "put":
            key, value = data.draw(st.sampled_from("abcdefg")), data.draw(VALUES)
            columns[name][key] = value
            edits.append(Put(("columns", name, key), flow(value)))
        elif what == "rule" and len(columns[name]) > 1:
            key = data.draw(st.sampled_from(sorted(columns[name])))
            del columns[name][key]
            edits.append(Drop(("columns", name, key)))
    for number in range(data.draw(st.integers(0, 2))):
        name = f"new {number}"
        columns[name] = {"a": number}
        after = data.draw(st.sampled_from([None, *[key for key in columns if key != name]]))
        first = after is None and data.draw(st.booleans())
        lines = f"{scalar(name)}:\n  a: {number}"
        edits.append(Entry(("columns", name), lines, flow({"a": number}), after, first=first))
    new = edited(text, *edits)
    assert documents.read_yaml(new.encode(), "x") == tree
    after_lines = new.splitlines()
    document = Document(text.encode(), "x")
    for name in columns:
        there = document.entry(("columns", name)) if name not in touched else None
        if there is not None:
            assert all(any(line in other for other in after_lines) for line in there.splitlines())
    assert "# head" in after_lines
    assert text.count("# between") == new.count("# between")
