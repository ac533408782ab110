"""Nothing in the data steers a terminal, whichever command prints it, and JSON keeps every text as it is."""

from __future__ import annotations

import ast
import io
import json
import logging
import subprocess
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.pipelines.cli import COMMANDS
from driftloop.pipelines.runtime.terminal import Harmless, harmless, say_json

PIPELINES = Path(__file__).parents[3] / "pipelines"
# A title, a colour, a bell; C1's own form of an escape; and a mark that turns the reading direction round.
HOSTILE = "a\x1b]0;owned\x07\x1b[31m\x9b31m\u202e"


def steers(text: str) -> bool:
    return any(not sign.isprintable() and sign != "\n" for sign in text)


def test_no_module_writes_to_the_terminal_but_one() -> None:
    """Every message of every command goes through `say` or `say_json`."""
    for file in PIPELINES.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
            direct = name in {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}
            assert not direct or file.name == "terminal.py", f"{file.name}: {name}"


@pytest.mark.parametrize("command_name", sorted({*COMMANDS} - {"site", "doctor", "demo"}))
@pytest.mark.parametrize("as_json", [False, True])
def test_the_error_of_every_command_is_harmless(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, command_name: str, as_json: bool
) -> None:
    """A broken file is named in the error, in words and in JSON, without what a terminal would obey."""
    file = tmp_path / f"{HOSTILE}.yaml"
    file.write_text("model: a\ntask: regresion\n")
    (tmp_path / f"{HOSTILE}.csv").write_text('ts,x,y\n2026-01-01,1,2\n2026-01-02,"1,2\n')
    special: dict[str, list[object]] = {
        "init": [f"{tmp_path}/*.csv"],
        "promote": [HOSTILE, "1"],
        "serve": [tmp_path / f"no{HOSTILE}.yaml"],
    }
    words = special.get(command_name, [file])
    done = command(command_name, *words, *(["--json"] if as_json else []), DRIFTLOOP_HOME=str(tmp_path / "home"))
    assert done.returncode in {1, 2}
    assert "a" in done.stderr
    assert not steers(done.stdout + done.stderr)


@pytest.mark.parametrize(
    "words", [[HOSTILE], ["site", HOSTILE], ["check", "m.yaml", "--now", HOSTILE], [f"--{HOSTILE}"]]
)
def test_a_wrong_word_is_harmless(command: Callable[..., subprocess.CompletedProcess[str]], words: list[str]) -> None:
    """What is wrong in the command itself is repeated, and steers nothing either."""
    done = command(*words)
    assert done.returncode == 2
    assert not steers(done.stdout + done.stderr)


@given(st.text())
def test_json_says_the_very_same_text(text: str) -> None:
    """Escaped, not replaced."""
    with redirect_stdout(io.StringIO()) as printed:
        say_json(json.dumps({"name": text}, ensure_ascii=False))
    assert not steers(printed.getvalue())
    assert json.loads(printed.getvalue()) == {"name": text}


def test_json_knows_no_infinity() -> None:
    """A reader of JSON that does not know Python's words for it gets null."""
    with redirect_stdout(io.StringIO()) as printed:
        say_json({"models": [{"loss": float("inf"), "drift": float("nan"), "rows": 3, "age": (1.5, -float("inf"))}]})
    assert printed.getvalue() == '{"models": [{"loss": null, "drift": null, "rows": 3, "age": [1.5, null]}]}\n'


def test_logs_and_warnings_are_harmless(
    command: Callable[..., subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record keeps its lines; what goes out without a handler of ours is formatted alike."""
    record = logging.LogRecord("driftloop", logging.WARNING, "", 0, "%s\nmore", (HOSTILE,), None)
    assert Harmless("%(message)s").format(record) == f"{harmless(HOSTILE)}\nmore"
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    command("nothing")
    assert logging.lastResort is not None
    assert not steers(logging.lastResort.format(record))
    assert not steers(warnings.formatwarning(HOSTILE, UserWarning, "x.py", 1, ""))


def test_a_full_device_behind_stdout_is_an_error_with_a_remedy(
    process: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """In words on stderr, with exit code 1 and without a traceback."""
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    script = f"{full}; from driftloop.pipelines.cli import main; main(['status', '--json'])"
    done = process("-c", script, python=True, DRIFTLOOP_HOME=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "No space left on device" in done.stderr
