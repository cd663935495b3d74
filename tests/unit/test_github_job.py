"""How a job speaks to its runner."""

import re
from pathlib import Path

import pytest

from mltools.ci import github
from mltools.ci.fitting import NOTICE
from mltools.ci.github_job import SUMMARY_LIMIT
from mltools.ci.provider import Annotation
from mltools.errors import MltoolsError, UsageError


def test_the_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "summary with spaces.md"
    path.write_text("before\n")
    assert github.summary({"GITHUB_STEP_SUMMARY": str(path)}, "### passed\n")
    assert path.read_text() == "before\n### passed\n"


def test_the_summary_never_grows_past_what_github_takes(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    variables = {"GITHUB_STEP_SUMMARY": str(path)}
    assert github.summary(variables, "ü" * 99 + "\n" + ("ü" * 99 + "\n") * 3_000)
    assert path.stat().st_size < 700_000
    assert github.summary(variables, ("é" * 99 + "\n") * 3_000)
    assert SUMMARY_LIMIT - 1_000 < path.stat().st_size <= SUMMARY_LIMIT
    assert path.read_text().endswith(NOTICE + "\n")
    assert github.summary(variables, "more\n" * 1_000)
    assert path.stat().st_size <= SUMMARY_LIMIT


def test_a_job_without_a_summary_has_none() -> None:
    assert not github.summary({}, "text")
    assert not github.summary({"GITHUB_STEP_SUMMARY": ""}, "text")


def test_a_summary_that_cannot_be_written_is_an_error_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(MltoolsError, match="cannot write"):
        github.summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, "text")
    with pytest.raises(MltoolsError, match="cannot write"):
        github.summary({"GITHUB_STEP_SUMMARY": str(tmp_path / "gone" / "file")}, "text")


def test_an_output_is_written_between_ends_that_nobody_can_guess(tmp_path: Path) -> None:
    path = tmp_path / "output"
    variables = {"GITHUB_OUTPUT": str(path)}
    assert github.output(variables, "tag", "tumour@v1.0.0")
    assert github.output(variables, "tag", "end-0000")
    first, second = re.findall(r"tag<<(\S+)\n(?:.*)\n\1\n", path.read_text())
    assert first != second
    assert len(first) > 30


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\n"])
def test_an_output_of_several_lines_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError):
        github.output({"GITHUB_OUTPUT": str(tmp_path / "output")}, "tag", value)
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("name", ["", "a=b", "a<<b", "a\nb", "ü"])
def test_an_output_needs_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        github.output({"GITHUB_OUTPUT": str(tmp_path / "output")}, name, "x")


def test_outputs_are_optional_and_must_be_writable(tmp_path: Path) -> None:
    assert not github.output({}, "tag", "x")
    with pytest.raises(MltoolsError, match="cannot write"):
        github.output({"GITHUB_OUTPUT": str(tmp_path)}, "tag", "x")


def test_an_annotation_points_at_file_and_line() -> None:
    line = github.annotate(Annotation("error", "age: 3 values", file="schemas/raw.yaml", line=4))
    assert line == "::error title=mltools,file=schemas/raw.yaml,line=4::age: 3 values"


def test_a_line_without_a_file_means_nothing() -> None:
    assert github.annotate(Annotation("warning", "x", line=4)) == "::warning title=mltools::x"


def test_foreign_text_cannot_leave_its_annotation() -> None:
    hostile = "a%\r\n::add-mask::x\n::error::y"
    line = github.annotate(Annotation("error", hostile, title="t,file=x::", file="a:b,c\nd"))
    assert "\n" not in line
    assert "\r" not in line
    assert line == ("::error title=t%2Cfile=x%3A%3A,file=a%3Ab%2Cc%0Ad::a%25%0D%0A::add-mask::x%0A::error::y")
