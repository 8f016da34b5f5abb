"""What the repository says holds: scripts parse, the README's commands and links exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest

from parser.cli import COMMANDS, LIGHTNING, _options

ROOT = Path(__file__).parent.parent
SHELL = [ROOT / name for name in ("scripts/quickstart", "scripts/test", "scripts/_environment", ".ci/run")]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("script", SHELL, ids=relative)
def test_shell_scripts_parse(script: Path) -> None:
    assert subprocess.run(["bash", "-n", script]).returncode == 0


def commands(text: str) -> Iterator[list[str]]:
    """The semparse commands in shell text: continued lines are joined, and variables stand for themselves.

    In Markdown they also stand between backticks; those in tables say which arguments there are, and name no files.
    """
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    inline = [" ".join(quoted.split()) for quoted in re.findall(r"`(semparse \w+ [^`]+)`", prose)]
    for line in [*text.replace("\\\n", " ").splitlines(), *inline]:
        match = re.search(r"(?:^|\s)(?:run |\$ |\.venv/bin/)?semparse ((?:" + "|".join(ALL) + r")\b.*)", line)
        if match and not line.lstrip().startswith(("|", "echo", "- ")):
            yield shlex.split(match[1].split(" | ")[0].split(" > ")[0].split(" < ")[0], comments=True)


ALL = [*COMMANDS, *LIGHTNING]


@pytest.mark.parametrize("file", ["README.md", "scripts/quickstart"])
def test_the_commands_that_are_shown_are_understood(file: str) -> None:
    shown = list(commands((ROOT / file).read_text(encoding="utf-8")))
    assert {command[0] for command in shown} >= {"convert", "compound", "fit", "export", "evaluate", "parse"}
    for command in shown:
        if command[0] in LIGHTNING:
            for name in command:
                assert not name.startswith("configs/") or (ROOT / name).is_file(), name
        else:
            _options(command)


def test_the_paths_that_the_readme_names_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\./)?(?:scripts|configs|data_conversion|parser|tests)/[\w/.-]+)`", readme)
    named += [link for link in re.findall(r"\]\(([^)#]+)\)", readme) if not link.startswith("http")]
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("script", ["train.py", "evaluate.py"])
def test_python_scripts_say_how_they_are_called(script: str) -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / script], capture_output=True, text=True)
    assert done.returncode == 1 and f"scripts/{script} " in done.stderr


def test_every_dependency_is_pinned() -> None:
    constraints = (ROOT / "constraints.txt").read_text()
    pinned = set(re.findall(r"^([\w-]+)==", constraints, re.MULTILINE))
    wanted = {re.split(r"[ ;\[<>=]", name)[0] for name in requires("semparse") or []}
    assert len(wanted) > 10 and wanted <= pinned
    assert "torch==2.13.0\n" in constraints


def test_nothing_in_the_project_names_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if listed.returncode:
        pytest.skip("not a git checkout")
    folder = str(ROOT.parent)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and os.access(path, os.R_OK):
            assert f"{folder}/" not in path.read_text(encoding="utf-8", errors="replace"), name
