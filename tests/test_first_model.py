"""The tutorial runs as it is written: its data, its commands, and the output that it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from docs import orders, tutorial

PAGE = tutorial.PAGE.read_text("utf-8")
README = tutorial.README.read_text("utf-8")
COLUMN = re.compile(r"^  \S.* limit .*\n", re.MULTILINE)


def test_the_data_is_what_the_script_writes(tmp_path: Path) -> None:
    """`python -m docs.orders` changes nothing, and the file is small enough for a repository."""
    orders.write(tmp_path / "orders.csv")
    assert (tmp_path / "orders.csv").read_bytes() == orders.FILE.read_bytes()
    assert orders.FILE.stat().st_size < 300_000


def test_each_command_of_the_tutorial_gives_the_output_shown(tmp_path: Path) -> None:
    """All commands in their order print the text of the page; numbers, which depend on versions, are masked."""
    shown = dict(tutorial.shown(PAGE))
    commands = [command for command in shown if command.startswith("driftloop ")]
    assert {command.split()[1] for command in commands} >= {"init", "check", "retrain", "status"}
    printed = dict(tutorial.outputs(commands, tmp_path))
    for command, output in printed.items():
        assert masked(output) == masked(shown[command]), f"{command}: run `python -m docs.tutorial`"
    # `init` only counts, so its numbers are those of the data.
    assert printed[commands[0]] == shown[commands[0]]
    checks = [text for command, text in printed.items() if command.startswith("driftloop check")]
    assert ["BOOTSTRAPPED" in checks[0], "STEADY" in checks[1], "PROMOTED" in checks[2]] == [True] * 3
    assert "DRIFTED" in checks[2]
    for text in checks[1:]:
        (report,) = re.findall(r"^report: (.*)$", text, re.MULTILINE)
        assert "<html" in (tmp_path / report).read_text("utf-8")[:1000]
    (site,) = re.findall(r"^site: (.*)$", printed["driftloop status"], re.MULTILINE)
    assert (tmp_path / site).is_file()


def test_nothing_but_the_installation_is_not_run() -> None:
    """Each console block of the tutorial is one command of driftloop, except the installation."""
    blocks = re.findall(r"```console\n((?:.*\n)*?)```", PAGE)
    others = [block for block in blocks if not block.startswith("$ driftloop ")]
    assert others == ["$ pip install -c constraints.txt .\n"]
    assert [block.count("\n$ ") for block in blocks] == [0] * len(blocks)
    assert (tutorial.ROOT / "constraints.txt").is_file()


def test_the_readme_shows_the_tutorial() -> None:
    """The quick start has the tutorial's commands in their order, and the output of its last check."""
    section = README.partition("## Your own data")[2]
    (quick,) = re.findall(r"```console\n((?:\$ .*\n)+)```", section.partition("\n## ")[0])
    commands = [shlex.join(shlex.split(line[2:], comments=True)) for line in quick.splitlines()]
    steps = [command for command, _ in tutorial.shown(PAGE)]
    assert [command for command in steps if command in commands] == commands
    (block,) = tutorial.BLOCK.findall(README)
    assert block == [text for command, text in tutorial.shown(PAGE) if command.startswith("driftloop check")][-1]


def masked(output: str) -> tuple[str, list[str]]:
    r"""The text in one line and the lines of columns by name, each number replaced.

    >>> masked("error 1.25\\nof 3 rows\\n  b  tvd  0.1  limit 0.2 ok\\n  a  tvd  1e-3  limit 0.2 ok\\n")
    ('error # of # rows', ['a tvd # limit # ok', 'b tvd # limit # ok'])
    """
    output = re.sub(r"[0-9a-f]{16}", "#", output)
    output = re.sub(r"(?<![A-Za-z])-?\d[\d,.]*(e-?\d+)?(?<![.,])", "#", output)
    columns = sorted(" ".join(line.split()) for line in COLUMN.findall(output))
    return " ".join(COLUMN.sub("", output).split()), columns
