"""Nothing in the data steers a terminal, whichever command prints it, and JSON keeps every text as it is."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import subprocess
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.pipelines.cli import COMMANDS
from driftloop.pipelines.runtime import terminal
from driftloop.pipelines.runtime.terminal import Harmless, harmless, say_json
from tests.streams import stream
from tests.terminals import DRAWN_AGAIN, on_terminal

PIPELINES = Path(__file__).parents[3] / "pipelines"
# A title, a color, a bell; C1's own form of an escape; and a mark that turns the reading direction round.
HOSTILE = "a\x1b]0;owned\x07\x1b[31m\x9b31m\u202e"


Command = Callable[..., subprocess.CompletedProcess[str]]


def steers(text: str) -> bool:
    return any(not sign.isprintable() and sign != "\n" for sign in text)


def test_no_module_writes_to_the_terminal_but_one() -> None:
    """Every message of every command goes through `say` or `say_json`."""
    for file in PIPELINES.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
            direct = name in {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}
            direct |= name in {"click.progressbar", "Live", "rich.print"}
            direct |= name == "Console" and "StringIO" not in ast.unparse(call)
            assert not direct or file.name == "terminal.py", f"{file.name}: {name}"


@pytest.mark.parametrize("command_name", sorted({*COMMANDS} - {"site", "doctor", "demo"}))
@pytest.mark.parametrize("as_json", [False, True])
def test_the_error_of_every_command_is_harmless(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, command_name: str, as_json: bool
) -> None:
    """A broken file is named in the error, as text and in JSON, without what a terminal would obey."""
    file = tmp_path / f"{HOSTILE}.yaml"
    file.write_text("model: a\ntask: regresion\n")
    (tmp_path / f"{HOSTILE}.csv").write_text('ts,x,y\n2026-01-01,1,2\n2026-01-02,"1,2\n')
    special: dict[str, list[object]] = {
        "init": [f"{tmp_path}/*.csv"],
        "promote": [HOSTILE, "1"],
        **{name: [tmp_path / f"no{HOSTILE}.yaml"] for name in ("serve", "score")},
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
def test_json_has_the_very_same_text(text: str) -> None:
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
    """A clear message on stderr, with exit code 1 and without a traceback."""
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    script = f"{full}; from driftloop.pipelines.cli import main; main(['status', '--json'])"
    done = process("-c", script, python=True, DRIFTLOOP_HOME=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "No space left on device" in done.stderr


# A command of three phases, whose texts are those of hostile data.
SHOWN = f"""
import time
from driftloop.pipelines.runtime import phases, terminal
terminal.LOG_EVERY_SECONDS = 0.2
with terminal.shown():
    phases.enter("reading [bold]rows[/bold]" + {HOSTILE!r})
    time.sleep(PAUSE)
    with phases.counted("checking", 4) as done:
        phases.enter("drift")
        done()
        time.sleep(PAUSE)
    phases.enter("a phase of many words " * 9)
    time.sleep(PAUSE)
terminal.say("the result")
"""


@pytest.mark.parametrize("width", [24, 60, 200])
def test_a_terminal_shows_the_phase_on_one_line(tmp_path: Path, width: int) -> None:
    """With the elapsed time, never wider than the terminal, drawn over itself, and gone before the result."""
    observed = on_terminal("-c", SHOWN.replace("PAUSE", "0.6"), width=width, home=tmp_path)
    assert observed.code == 0, observed.terminal
    *drawn, last = [without_colors(frame) for frame in observed.frames]
    assert max(len(frame) for frame in drawn) <= width
    assert any(frame.startswith("checking 1/4: drift 0:0") for frame in drawn)
    assert all(frame.rstrip("\u2501\u2578\u257a ")[-4:-1] == "0:0" for frame in drawn if frame), drawn
    assert not any(steers(frame) for frame in drawn)
    assert width < 60 or any("[bold]rows[/bold]a?]0;owned??[31m" in frame for frame in drawn)
    # The line is cleared, and the result begins on it.
    assert last.endswith("the result\r\n")
    assert observed.terminal.rpartition("\x1b[2K")[2] == "the result\r\n"


def test_no_color_and_no_drawing_where_the_user_wants_none(tmp_path: Path) -> None:
    """`NO_COLOR` leaves the line and takes its color, `TERM=dumb` leaves log lines only."""
    plain = on_terminal("-c", SHOWN.replace("PAUSE", "0.6"), home=tmp_path, NO_COLOR="1")
    assert DRAWN_AGAIN in plain.terminal
    assert not re.search(r"\x1b\[[0-9;]*m", plain.terminal)
    dumb = on_terminal("-c", SHOWN.replace("PAUSE", "0.6"), home=tmp_path, TERM="dumb")
    assert "\x1b" not in dumb.terminal
    assert "driftloop: checking 1/4: drift (0:0" in dumb.terminal


def test_without_a_terminal_a_long_command_logs_and_a_short_one_is_silent(process: Command) -> None:
    """One line with the phase and the elapsed time at each interval, on stderr alone; nothing before the first."""
    slow = process("-c", SHOWN.replace("PAUSE", "0.6"), python=True)
    assert (slow.returncode, slow.stdout) == (0, "the result\n")
    lines = slow.stderr.splitlines()
    assert all(re.fullmatch(r"driftloop: .* \(\d+:\d\d\)", line) for line in lines), lines
    assert any(line.startswith("driftloop: checking 1/4: drift (") for line in lines)
    assert not steers(slow.stderr)
    quick = process("-c", SHOWN.replace("PAUSE", "0").replace(" = 0.2", " = 10"), python=True)
    assert (quick.stdout, quick.stderr) == ("the result\n", "")


def test_an_interrupt_leaves_a_clean_line(tmp_path: Path) -> None:
    """Ctrl-C clears the phase; the message has a line of its own, and the cursor was never hidden."""
    rows = stream(days=60, a_day=20)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    script = SHOWN.replace("PAUSE", "60").replace("with terminal.shown", "terminal.say('begun')\nwith terminal.shown")
    interrupted = f"""
import click, sys
from driftloop.pipelines.commands.group import Commands
class Alone(Commands):
    def command_called(self, name):
        return click.Command(name, callback=lambda: exec({script!r}, dict()))
Alone(modules=("check",)).main(["check"])
"""
    observed = on_terminal("-c", interrupted, home=tmp_path, interrupt_at="reading [bold]")
    assert observed.code == 130
    assert without_colors(observed.terminal.rpartition("\x1b[2K")[2]).split() == ["driftloop:", "interrupted"]
    assert "\x1b[?25l" not in observed.terminal


def test_phases_on_the_terminal_and_json_in_the_pipe(tmp_path: Path) -> None:
    """A real command: its phases are drawn on stderr, and stdout holds one object and nothing else."""
    stream(days=60, a_day=20).to_csv(tmp_path / "rows.csv", index=False)
    main = ("-m", "driftloop.pipelines.cli")
    made = on_terminal(*main, "init", "rows.csv", "--target", "y", home=tmp_path)
    assert made.code == 0, made.terminal
    assert "wrote rows.yaml" in made.terminal
    assert DRAWN_AGAIN in made.terminal
    done = on_terminal(*main, "predict", "rows.yaml", "--json", home=tmp_path, piped_stdout=True)
    assert done.code == 1
    assert json.loads(done.stdout)["outcome"] == "failed"
    assert any("finding the champion" in frame or "starting" in frame for frame in done.frames)
    assert "driftloop: " in done.terminal


def without_colors(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[mA]", "", text)


def test_no_password_of_an_address_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """By no way of printing, nor in a log; the rest of the line is there, and JSON stays JSON."""
    text = "API request to http://ann:hu@sh@ml:5000/api failed"
    terminal.say(text)
    terminal.say_drawn(text)
    terminal.say_json({"reason": text})
    record = logging.LogRecord("driftloop", logging.ERROR, "", 0, "no answer: %s", (text,), None)
    lines = [*capsys.readouterr().out.splitlines(), terminal.Harmless().format(record)]
    assert len(lines) == 4
    assert all("http://ann:***@ml:5000/api failed" in line for line in lines)
    assert json.loads(lines[2])["reason"].startswith("API request to")
