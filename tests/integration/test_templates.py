"""Rendering: delimiters, sandbox, quoting, errors with file and line."""

import json
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.edges import documents, templates
from mltools.errors import ConfigError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def rendered(folder: Path, text: str, **values: object) -> str:
    (folder / "a.txt.j2").write_text(text)
    return templates._render(folder, "a.txt.j2", values)


@pytest.mark.parametrize(
    "text",
    [
        "${{ github.ref }}\n",
        'df[["a", "b"]]\n',
        "[[tool.x]]\n",
        "{% if %} {{ x }} {# y #}\n",
        'if [[ -n "${#x}" ]]; then cat <<EOF\nEOF\nfi\n',
        "100 % > 50 %\n",
        "no newline at the end",
        "two newlines at the end\n\n",
    ],
)
def test_what_other_languages_use_passes_through(tmp_path: Path, text: str) -> None:
    assert rendered(tmp_path, text) == text


def test_tags_are_those_of_erb_and_leave_no_empty_lines(tmp_path: Path) -> None:
    text = "<%# a note %>\n<% for x in xs %>\n  <% if x %>\n- <%= x %>\n  <% endif %>\n<% endfor %>\nend\n"
    assert rendered(tmp_path, text, xs=["a", "", "b"]) == "- a\n- b\nend\n"


def test_values_are_never_templates_themselves(tmp_path: Path) -> None:
    assert rendered(tmp_path, "<%= x %>", x="<%= y %>") == "<%= y %>"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\nb <%= nothing %>\n", 2, "'nothing' is undefined"),
        ("a\nb\n<% if x %>\n", 3, "Unexpected end of template"),
        ("a\n<% frob %>\n", 2, "unknown tag 'frob'"),
        ("<%= x.__class__.__mro__ %>\n", 1, "unsafe"),
        ("\n<%= x | frob %>\n", 2, "No filter named 'frob'"),
        ("a\n<%= none | toml %>\n", 2, "no place in TOML"),
    ],
)
def test_a_faulty_template_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rendered(tmp_path, text, x="x")
    assert caught.value.message.startswith(f"templates/a.txt.j2:{line}: ")
    assert said in caught.value.message


def test_a_fault_in_an_included_file_is_named_there(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("\n\n<%= nothing %>\n")
    with pytest.raises(ConfigError, match=r"templates/part\.j2:3: 'nothing'"):
        rendered(tmp_path, '<% include "part.j2" %>\n')


@pytest.mark.parametrize("name", ["../secret.j2", "/etc/passwd", "absent.j2"])
def test_nothing_outside_is_included(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(ConfigError, match="no such template"):
        rendered(inside, f"<% include {name!r} %>")


def test_a_sandboxed_template_cannot_change_what_it_is_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unsafe"):
        rendered(tmp_path, "<%= xs.append(1) %>", xs=[])


def test_unknown_folders_are_named() -> None:
    with pytest.raises(ConfigError, match="templates/projects/absent: no such folder"):
        templates.render_tree("projects/absent", {})


@given(TEXT)
def test_any_text_comes_back_from_yaml_and_toml(text: str) -> None:
    line = f"key: {templates.quote_yaml(text)}\n"
    assert line.isprintable() or line.count("\n") == 1
    assert documents.read_yaml(line.encode(), "x") == {"key": text}
    assert tomllib.loads(f"key = {templates.quote_toml(text)}\n") == {"key": text}
    assert documents.read_yaml(f"{{a: [{templates.quote_yaml(text)}]}}".encode(), "x") == {"a": [text]}


@given(TEXT.filter(lambda text: "\0" not in text))
def test_any_text_is_one_word_of_a_shell(text: str) -> None:
    assert shlex.split(templates.quote_shell(text)) == [text]


@given(TEXT)
def test_any_text_is_one_line_of_markdown_without_markup(text: str) -> None:
    escaped = templates.escape_md(text)
    assert "\n" not in escaped
    assert "@" not in escaped
    assert all(escaped[i - 1] == "\\" for i, c in enumerate(escaped) if c in "`*<>[]|")


@pytest.mark.parametrize("value", [1, 1.5, True, "x", ["a", 1], None])
def test_plain_values_keep_their_kind_in_yaml(value: object) -> None:
    assert documents.read_yaml(f"key: {templates.quote_yaml(value)}".encode(), "x") == {"key": value}


def test_a_hostile_word_does_nothing_in_a_shell(tmp_path: Path) -> None:
    hostile = "$(touch x); `touch y` 'z' \"w\" \\"
    line = f"printf %s {templates.quote_shell(hostile)}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == hostile
    assert not list(tmp_path.iterdir())


def test_every_template_file_ends_in_j2() -> None:
    strays = [p for p in templates.root().rglob("*") if p.is_file() and p.suffix != ".j2"]
    assert strays == []


def test_paths_of_templates_can_exist_on_every_system() -> None:
    for path in templates.root().rglob("*"):
        assert not set(path.name) & set('<>:"|?*\\'), path
        assert json.dumps(path.name).isascii(), path
