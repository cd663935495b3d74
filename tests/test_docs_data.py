"""The page about data is a session that runs: its commands, in order, print what stands there."""

import os
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import commit, make_repo

PAGE = Path(__file__).parent.parent / "docs/data.md"
BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END = "end of the command"


def visits(
    first: int, count: int, sites: tuple[str, ...], largest: float, chance: random.Random
) -> Iterator[str]:
    for number in range(first, first + count):
        day, stay = 1 + number % 28, chance.randrange(0, 9)
        last = (day + stay - 1) // 31, (day + stay - 1) % 31
        left = f"2026-{3 + last[0]:02d}-{last[1] + 1:02d}" if chance.random() > 0.04 else ""
        site, age, dose = chance.choice(sites), chance.randrange(19, 92), chance.uniform(0.2, largest)
        yield f"{number},{site},{age},{dose:.2f},2026-03-{day:02d},{left},{chance.choice(['home', 'home', 'ward'])}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page begins with: a project without data sets, 400 visits, and a delivery with two mistakes."""
    place = make_repo(tmp_path_factory.mktemp("page"))
    chance = random.Random(3)
    rows = "".join(visits(1, 400, ("north", "south", "west"), 2.4, chance))
    late = list(visits(401, 200, ("north", "south", "est"), 3.4, chance))
    late[3] = late[3].replace("404,", "17,", 1)
    (place / "data").mkdir()
    (place / "data/visits.csv").write_text("id,site,age,dose,admitted,discharged,outcome\n" + rows)
    (place / "delivery.csv").write_text("".join(late))
    return place


def sessions() -> Iterator[tuple[str, str]]:
    """Each file of the page, as its name and content, and each session, under the name ""."""
    for kind, text in BLOCK.findall(PAGE.read_text()):
        named = re.match(r"# (\S+\.(?:yaml|json))\n", text)
        if kind == "console":
            yield "", text
        elif named:
            yield named[1], text


def commands(session: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def printed(project: Path, lines: list[str]) -> list[str]:
    """What each command prints, run one after the other in one shell."""
    script = "".join(f"(exit ${{status:-0}})\n{line}\nstatus=$?\necho; echo '{END}'\n" for line in lines)
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=project,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [part.strip("\n") for part in done.stdout.split(f"{END}\n")][: len(lines)]


def as_pattern(lines: list[str]) -> str:
    """`...` alone stands for any lines, within a line for any text."""
    parts = [
        "(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + "\n"
        for line in lines
    ]
    return "".join(parts)


@pytest.mark.slow
def test_the_page_about_data_is_a_session_that_runs(project: Path) -> None:
    commit(
        project, {"dvc.yaml": "stages: {}\n", "mltools.yaml": "schema: 1\n", ".gitignore": "/delivery.csv\n"}
    )
    subprocess.run(["dvc", "init", "-q"], cwd=project, check=True)
    for name, text in sessions():
        if name:
            (project / name).write_text(text)
            continue
        asked = commands(text)
        for (line, expected), output in zip(
            asked, printed(project, [line for line, _ in asked]), strict=True
        ):
            if not re.fullmatch(as_pattern(expected), output + "\n" if output else ""):
                wanted = "\n".join(expected)
                pytest.fail(f"docs/data.md:\n$ {line}\n{wanted}\n\nit prints:\n{output}", pytrace=False)
