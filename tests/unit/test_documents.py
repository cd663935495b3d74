"""YAML with 1.2 rules, strict JSON, and errors that name the line."""

import pytest
import ruamel.yaml

from mltools.edges import documents
from mltools.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("no", "no"),
        ("on", "on"),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("True", True),
        ("~", None),
        ("-.inf", float("-inf")),
    ],
)
def test_scalars_follow_yaml_1_2_as_dvc_reads_them(text: str, value: object) -> None:
    assert documents.read_yaml(f"a: {text}\n".encode(), "f") == {"a": value}


def test_numbers_agree_with_dvcs_own_reader() -> None:
    from ruamel.yaml import YAML

    text = "a: 1e-3\nb: no\nc: 012\nd: 3.10\ne: [1, 2.5, .5, -1]\nf: {g: ~, h: null}\ni: 1.\nj: +3\nk: '5'\n"
    assert documents.read_yaml(text.encode(), "f") == YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\na: 2\n", "f:2: not valid YAML: the key 'a' stands twice"),
        (b"a:\n\t- b\n", "f:2: not valid YAML: found character that cannot start any token"),
        (b"a: [1\n", "f:2: not valid YAML: did not find expected ',' or ']'"),
        (b"a: !!python/object/apply:os.system [x]\n", "could not determine a constructor"),
        ("a: \u00fc".encode("utf-16"), "f:1: not UTF-8 text"),
        (b"a: 1\nb: \xe4\n", "f:2: not UTF-8 text"),
        (b"a\0b", "f: not valid YAML"),
        (b"a: 'x\n", "f:2: not valid YAML"),
    ],
)
def test_malformed_yaml_names_file_and_line(content: bytes, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        documents.read_yaml(content, "f")
    assert said in caught.value.message


def test_bom_and_crlf_are_read() -> None:
    assert documents.read_yaml(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f") == {"a": 1, "b": 2}


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    with pytest.raises(ConfigError, match="aliases"):
        documents.read_yaml("\n".join(lines).encode(), "f")


def test_a_huge_file_is_refused_by_its_size() -> None:
    with pytest.raises(ConfigError, match="the limit is"):
        documents.read_yaml(b"#" * (documents.MAX_BYTES + 1), "f")


@pytest.mark.parametrize("depth", [10_000, 100_000])
def test_deep_nesting_is_an_error_and_no_crash(depth: int) -> None:
    with pytest.raises(ConfigError):
        documents.read_yaml(b"[" * depth, "f")
    with pytest.raises(ConfigError):
        documents.read_json(b"[" * depth, "f")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_json_with_numbers_that_are_none_is_refused(constant: str) -> None:
    with pytest.raises(ConfigError, match=constant):
        documents.read_json(f'{{"a": {constant}}}'.encode(), "f")


def test_broken_json_names_the_line() -> None:
    with pytest.raises(ConfigError, match=r"^f:2: not valid JSON"):
        documents.read_json(b'{"a": 1,\n}', "f")


def test_positions_find_keys_and_items() -> None:
    where = documents.positions(b"a:\n  - b: 1\n    c: 2\n", "f")
    assert documents.line_of(where, ("a", 0, "c")) == 3
    assert documents.line_of(where, ("a", 0, "zzz")) == 2
    assert documents.line_of(where, ("zzz",)) == 1


def test_json_is_written_in_order_and_refuses_nan() -> None:
    assert documents.write_json({"b": 1, "a": "ü"}, indent=None) == '{"b": 1, "a": "ü"}\n'
    with pytest.raises(ValueError, match="JSON"):
        documents.write_json({"a": float("nan")})


def test_an_alias_bomb_below_the_limit_of_aliases_is_refused() -> None:
    levels = "\n".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]" for n in range(12))
    with pytest.raises(ConfigError, match="stand for more than 100,000 values"):
        documents.read_yaml(f"l0: &l0 [x, x]\n{levels}\n".encode(), "f.yaml")


def test_an_alias_for_itself_is_refused() -> None:
    with pytest.raises(ConfigError, match="stands for itself"):
        documents.read_yaml(b"a: &a [1, *a]\n", "f.yaml")


def test_merge_keys_are_merged_as_dvc_s_reader_does() -> None:
    text = b"base: &b {x: 1, y: 1}\nmore: &m {y: 2, z: 2}\none: {<<: *b, x: 0}\ntwo: {<<: [*b, *m], w: 3}\n"
    tree = documents.read_yaml(text, "f.yaml")
    assert tree["one"] == {"x": 0, "y": 1}
    assert tree["two"] == {"x": 1, "y": 1, "z": 2, "w": 3}
    assert tree == ruamel.yaml.YAML(typ="safe").load(text)


@pytest.mark.parametrize("text", [b"a: {<<: 3}\n", b"a: {<<: [{x: 1}, y]}\n"])
def test_a_merge_of_no_mapping_is_told(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"f\.yaml:1: not valid YAML: `<<` needs keys and values"):
        documents.read_yaml(text, "f.yaml")
