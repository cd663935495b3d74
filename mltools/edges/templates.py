"""The templates that ship with mltools, rendered: project templates and forge workflows.

Templates cannot reach anything but the values they are given (sandbox), must name values that exist, and use ERB's
delimiters, because `{{ }}`, `${{ }}` and `[[ ]]` belong to the files that are made. Every template file ends in
`.j2`, so that no tool compiles, collects or lints it in place.
"""

import functools
import json
import shlex
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mltools.errors import ConfigError

SUFFIX = ".j2"
MANIFEST = "template.yaml"
PROJECTS = "projects"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file to be written: its path (with /, relative to the project or repository) and its bytes."""

    path: str
    content: bytes
    executable: bool = False


def root() -> Path:
    """Where the templates are: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def projects() -> tuple[str, ...]:
    """The names of the project templates; folders that start with `_` are shared parts."""
    found = (root() / PROJECTS).glob(f"*/{MANIFEST}{SUFFIX}")
    return tuple(sorted(path.parent.name for path in found if not path.parent.name.startswith("_")))


def render(name: str, values: Mapping[str, Any]) -> str:
    """One template by its path below the templates, such as `ci/github/mltools.yml.j2`.

    Raises ConfigError with the template's file and line.
    """
    return _render(root(), name, values)


def render_tree(folder: str, values: Mapping[str, Any]) -> tuple[RenderedFile, ...]:
    """All templates below a folder, in the order of their paths; a file that starts with `#!` is executable."""
    return tuple(_render_files(root(), folder, values))


def _render_files(base: Path, folder: str, values: Mapping[str, Any]) -> Iterator[RenderedFile]:
    top = base / folder
    if not top.is_dir():
        raise ConfigError(f"templates/{folder}: no such folder of templates")
    for path in sorted(path for path in top.rglob(f"*{SUFFIX}") if path.is_file()):
        content = _render(base, path.relative_to(base).as_posix(), values).encode()
        target = PurePosixPath(path.relative_to(top).as_posix().removesuffix(SUFFIX))
        yield RenderedFile(str(target), content, executable=content.startswith(b"#!"))


def _render(base: Path, name: str, values: Mapping[str, Any]) -> str:
    try:
        return _environment(base).get_template(name).render(dict(values))
    except jinja2.TemplateNotFound as error:
        raise ConfigError(f"templates/{error.name}: no such template") from error
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(f"templates/{error.name or name}:{error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise ConfigError(f"templates/{_where(error, base, name)}: {error}") from error


@functools.cache
def _environment(base: Path) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<%=",
        variable_end_string="%>",
        comment_start_string="<%#",
        comment_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the output is YAML, Python and Markdown; values pass a quoting filter
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(base),
    )
    environment.filters.update(yaml=quote_yaml, toml=quote_toml, shell=quote_shell, python=repr, md=escape_md)
    return environment


def quote_yaml(value: Any) -> str:
    """A value as YAML that reads back as the same value, on one line, whatever text it holds."""
    return _literal(value)


def quote_toml(value: Any) -> str:
    """A value as TOML that reads back as the same value, on one line. Raises ValueError for what TOML cannot hold."""
    if value is None or isinstance(value, Mapping):
        raise ValueError(f"{value!r} has no place in TOML as a plain value")
    return _literal(value)


def quote_shell(value: Any) -> str:
    """A value as one word of a POSIX shell."""
    return shlex.quote(str(value))


def escape_md(value: Any) -> str:
    """Text as Markdown that shows as that text, on one line."""
    escaped = "".join(f"\\{c}" if c in "\\`*_{}[]()#+!|<>~" else c for c in str(value))
    return " ".join(escaped.split()).replace("@", "&#64;")


def _literal(value: Any) -> str:
    """JSON, which YAML and TOML read alike, with what either refuses to hold raw written as an escape."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the end of four hex digits


def _where(error: BaseException, base: Path, name: str) -> str:
    """The template's line that an error while rendering comes from."""
    inside = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(base))
    ]
    if not inside:
        return name
    return f"{Path(inside[-1].filename).relative_to(base).as_posix()}:{inside[-1].lineno}"
