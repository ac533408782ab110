"""Whatever becomes of a shipped config on its way through an editor: it is read, or refused with file and key."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.config.timing import due_after, last_due
from driftloop.pipelines.runtime.terminal import harmless
from tests.fuzz.rounds import fuzz
from tests.signals import NOW

SHIPPED = [file.read_text("utf-8") for file in sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))]
NASTY = [
    "", " ", "~", "null", "true", "no", "on", "-1", "0", "1e308", ".inf", ".nan", "-.inf", "9" * 400, "0x" + "f" * 99,
    "1:59:59", "2026-02-30", "0o17", "1_000", "0d", "36525d", "1e3d", "!!int x", "!!float ''", "!!bool 1",
    "!!set {a}",
    "!!binary AAA", "!!python/object:os.system x", "!!omap [a: 1]", "&a [*a]", "*a", "<<", "<<: {a: 1}", "[", "]",
    "{", "}",
    "[[[[[[[[[[", "{a: {a: {a: {a: 1}}}}", "- - - -", "? a", "| \n x", "> \n x", "'", '"', '"\\ud800"', '"\\0"',
    "'\x1b[31m'",
    "%TAG ! tag:x,2000:", "---", "...", "#", "@", "`", "\t", "\x85", "\u2028", "\ufeff", "${HOME}", "${a:-",
    "*/99 * * * *",
    "0 6 30 feb *", "slack://A/B/C", "postgres://a:b@c/d", "x" * 5000, "(" * 500, "{policy: k_of_n, trigger: ",
    "{policy: never}", "{choose: 28d}", "choose", "[1, 2, 3]", "[a, a]", "calibrated", "evidently:ks",
    "../../etc/passwd",
]  # fmt: skip


def mutated(rng: random.Random) -> str:
    """One of the shipped configs after a few accidents."""
    text = rng.choice(SHIPPED)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        text = rng.choice([value, key, line, sign, lines, indent, cut])(text, rng)
    return text


def value(text: str, rng: random.Random) -> str:
    rows = text.split("\n")
    at = rng.randrange(len(rows))
    if ":" in rows[at]:
        rows[at] = f"{rows[at].split(':')[0]}: {rng.choice(NASTY)}"
    elif "- " in rows[at]:
        rows[at] = f"{rows[at].split('- ')[0]}- {rng.choice(NASTY)}"
    return "\n".join(rows)


def key(text: str, rng: random.Random) -> str:
    rows = text.split("\n")
    at = rng.randrange(len(rows))
    name, colon, rest = rows[at].partition(":")
    indent = len(name) - len(name.lstrip())
    rows[at] = f"{' ' * indent}{rng.choice([*NASTY, 'task', 'seed', 'columns'])}{colon}{rest}"
    return "\n".join(rows)


def line(text: str, rng: random.Random) -> str:
    rows = text.split("\n")
    at, to = rng.randrange(len(rows)), rng.randrange(len(rows))
    moved = rows[at]
    if rng.random() < 0.5:
        del rows[at]
    if rng.random() < 0.7:
        rows.insert(to, moved)
    return "\n".join(rows)


def sign(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    new = rng.choice(
        [*":-[]{}'\"#&*!|>%@`,?~\t\n\r \x00\x1b\x7f\x85\xa0\u2028\ufeffäß", chr(rng.randrange(0xD800)), ""]
    )
    return text[:at] + new + text[at + rng.randrange(2) :]


def lines(text: str, rng: random.Random) -> str:
    rows = text.split("\n")
    at = rng.randrange(len(rows))
    return "\n".join(rows[:at] + rows[at : at + 5] * rng.choice([2, 3, 50]) + rows[at + 5 :])


def indent(text: str, rng: random.Random) -> str:
    rows = text.split("\n")
    at = rng.randrange(len(rows))
    rows[at] = rng.choice(["  ", "\t", "        ", "- "]) + rows[at] if rng.random() < 0.5 else rows[at].lstrip()
    return "\n".join(rows)


def cut(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] if rng.random() < 0.5 else text[at:]


def used(project: Project) -> None:
    """What is asked of every config that is read, whatever its rows are."""
    project.model_dump(mode="json")
    project.model_dump_json()
    due = due_after(project.schedule, NOW, NOW)
    assert project.schedule.clock is None or due is not None
    last_due(project.schedule, NOW.replace(year=2025), NOW)
    assert [one.rule for one in (*project.policies.triggers, *project.policies.guards)]


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_yaml(tmp_path: Path) -> None:
    """A mutated config is a project that can be asked, or a `ConfigError` that names the file and prints harmlessly."""
    file = tmp_path / "model.yaml"

    def check(text: str) -> None:
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            project: Any = load(file)
        except ConfigError as error:
            result = str(error)
            assert str(file) in result
            assert len(result) < 5000
            assert all(one.isprintable() or one == "\n" for one in harmless(result))
            return
        used(project)

    fuzz("yaml", mutated, check)
