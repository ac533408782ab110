"""The command line, in fresh processes where that matters: exit codes, one JSON object, calm errors, light imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.cli import COMMANDS
from tests import streams
from tests.pipelines.conftest import ROOT, SMALL
from tests.terminals import without_phases

Run = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = ("pandas", "numpy", "pydantic", "prefect", "mlflow", "evidently", "xgboost", "sklearn", "ibis", "sqlalchemy")
ASK = f"""
import json, sys
from driftloop.pipelines import cli
for words in json.loads(sys.argv[1]):
    try:
        cli.main(words)
    except SystemExit as end:
        there = [name for name in {HEAVY!r} if name in sys.modules]
        print(json.dumps([end.code, there]), file=sys.stderr)
"""


class Shell:
    """A model on disk and the commands on it, each in a fresh process unless `here`, on one state folder."""

    def __init__(self, process: Run, command: Run, folder: Path) -> None:
        self.process, self.command, self.folder = process, command, folder
        self.file, self.state = folder / "shop model.yaml", folder / "state"

    def given(self, **changes: Any) -> None:
        written = streams.write(self.folder, model="shop", **{**SMALL, **changes})
        written.rename(self.file)

    def __call__(self, *words: object, **more: Any) -> subprocess.CompletedProcess[str]:
        done = self.process(*words, DRIFTLOOP_HOME=str(self.state), **more)
        done.stderr = without_phases(done.stderr)
        return done

    def here(self, *words: object) -> subprocess.CompletedProcess[str]:
        mlflow = f"sqlite:///{self.state / 'mlflow.db'}"
        return self.command(*words, DRIFTLOOP_HOME=str(self.state), MLFLOW_TRACKING_URI=mlflow)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, seeded: Callable[[Path], Path]) -> Path:
    made = tmp_path_factory.mktemp("shop")
    streams.write(made, streams.stream())
    seeded(made / "state")
    return made


@pytest.fixture
def shell(process: Run, command: Run, folder: Path) -> Shell:
    shell = Shell(process, command, folder)
    shell.given()
    return shell


@pytest.fixture
def trained(shell: Shell) -> Shell:
    """With a first champion, trained by the command once a file; its output is looked at here."""
    if not (shell.state / "ledger.db").exists():
        done = shell("check", shell.file, "--now", "2026-01-22")
        assert (done.returncode, done.stderr) == (0, "")
        first, verdict, *_, then, _ = done.stdout.strip().split("\n")
        assert first.startswith("shop  2026-01-15 to 2026-01-22  ")
        assert verdict.startswith("BOOTSTRAPPED  the first champion is version 1: ")
        assert f"driftloop check '{shell.file}'" in then, "quoted, since there is a space in it"
    return shell


def only(text: str) -> dict[str, Any]:
    """The one JSON object that stdout holds, and nothing else."""
    assert text.count("\n") == 1, text
    output = json.loads(text)
    assert isinstance(output, dict)
    return output


def test_help_and_version_import_nothing_heavy(process: Run) -> None:
    """Every command is listed and has its own help, and not even pandas or pydantic is loaded for it."""
    asked = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]
    done = process("-c", ASK, json.dumps(asked), python=True)
    ends = [json.loads(line) for line in done.stderr.strip().split("\n")]
    assert ends == [[0, []]] * len(asked)
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    assert "driftloop 0." in done.stdout
    for promise in ("--dry-run", "--exit-code", "--now", "--json", "--target", "--weeks"):
        assert promise in done.stdout


@pytest.mark.parametrize("name", ["backtest", "check", "predict", "retrain", "score", "serve", "validate"])
def test_a_wrong_path_leaves_no_state_folder(command: Run, tmp_path: Path, name: str) -> None:
    """A later command, of a config below that folder, would take it for its own."""
    done = command(name, "nowhere.yaml")
    assert done.returncode == 2
    assert "there is no model file" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chekc"], "Did you mean 'check'?"),
        (["check"], "Missing argument 'CONFIG'"),
        (["check", "nowhere.yaml"], "there is no model file 'nowhere.yaml'"),
        (["check", "m.yaml", "--now", "yesterday"], "'yesterday' is not a valid time; expected ISO 8601"),
        (["check", "m.yaml", "--now", "9999-12-31"], "expected a year from 1900 to 2200"),
        (["check", "m.yaml", "--drry-run"], "--dry-run"),
        (["check", "bad.yaml"], "bad.yaml: task:"),
        (["retrain", "bad.yaml"], "bad.yaml: task:"),
        (["rollback", "empty.yaml"], "is empty"),
        (["status", "nobody"], "no model 'nobody' has been checked"),
        (["init", "rows.csv", "--target", "x"], "rows.csv: file not found"),
        (["demo", "--weeks", "99"], "99"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_or_config_exits_with_two(command: Run, tmp_path: Path, words: list[str], message: str) -> None:
    """What was wrong is on stderr, nothing on stdout; with --json stdout has one object that states the same."""
    (tmp_path / "bad.yaml").write_text("model: a\ntask: regresion\n")
    (tmp_path / "empty.yaml").write_text("")
    done = command(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if words[0] in {"check", "retrain", "rollback", "status"}:
        done = command(*words, "--json")
        assert done.returncode == 2
        output = only(done.stdout)
        assert output["outcome"] == "failed"
        assert message in output["reason"]


def test_early_exits_import_nothing_expensive_and_an_error_is_three_lines(trained: Shell) -> None:
    """No rows, too few and the same again are reported without Evidently, xgboost or scikit-learn, in a fresh process.

    An error at night is found, expected, remedy: no traceback and no chatter around them; the JSON has it too, exit 1.
    A judged check, in the same process, is text: see `judged`.
    """
    trained.given(policies__triggers=[{"policy": "always"}])
    always = trained.file.rename(trained.folder / "always.yaml")
    trained.given(preflight__min_rows=2000)
    gone = trained.folder / "gone.parquet"
    night = trained.folder / "night.yaml"
    night.write_text(trained.file.read_text().replace("rows.parquet", "gone.parquet"))
    moments = {"2026-05-01": "no_data", "2026-02-05": "too_few_rows", "2026-01-22": "already_checked"}
    asked = [["check", str(trained.file), "--now", now, "--json"] for now in moments]
    asked += [["check", str(night), "--json", "--exit-code"]]
    asked += [["check", str(always), "--now", "2026-02-05", "--dry-run", "--exit-code"]]
    done = trained("-c", ASK, json.dumps(asked), python=True)
    *objects, text = done.stdout.strip().split("\n", len(moments) + 1)
    *output, failed = map(json.loads, objects)
    assert [one["outcome"] for one in output] == list(moments.values())
    *ends, found, expected, remedy, last, decided = done.stderr.strip().split("\n")
    for end in ends:
        code, there = json.loads(end)
        assert code == 0
        assert not {"evidently", "xgboost", "sklearn"} & set(there)
    assert json.loads(last)[0] == 1
    assert found == f"driftloop: {gone}: no such file"
    assert expected.startswith("  expected: ")
    assert remedy.startswith("  fix:      ")
    words = "\n".join((found, expected, remedy)).removeprefix("driftloop: ")
    assert failed == {"outcome": "failed", "reason": words}
    assert json.loads(decided)[0] == 10
    judged(text.split("\n"))


def judged(lines: list[str]) -> None:
    """A line per signal, a verdict, the report; 10 with --exit-code if a retrain was decided; nothing is trained."""
    assert lines[0].endswith("champion: version 1")
    signals = [line.split()[0] for line in lines[1:] if line.startswith("  ")]
    assert sorted(signals[:6]) == ["amount", "city", "kind", "prediction", "speed", "y"]
    metrics = [word for word in signals[6:] if word == "metric"]
    assert signals[6:] == ["drift", "loss", *metrics, "loss,", "always"], "compared with, measured, estimated, the vote"
    assert metrics
    assert sum(line.startswith("HELD  dry run, nothing was trained") for line in lines) == 1
    report = Path(lines[-1].removeprefix("report: "))
    assert report.stat().st_size > 100_000


def test_a_manual_retrain_prints_one_object_whatever_the_function_prints(trained: Shell) -> None:
    """What a training function writes to stdout goes to stderr; afterwards rollback and status know of it.

    One that raises exits with 1, since the config is right, with its own traceback before the error.
    """
    trained.given(training__estimator="broken_training:train", training__params={})
    broken = trained.file.rename(trained.folder / "broken.yaml")
    (trained.folder / "broken_training.py").write_text(
        "def train(frame, target, *, task, params, seed):\n    return {}['not \\x1b there']\n"
    )
    (trained.folder / "loud.py").write_text(
        "import os, xgboost\n"
        "def train(frame, target, *, task, params, seed):\n"
        "    print('LOUD python'); os.system('echo LOUD child')\n"
        "    return xgboost.XGBRegressor(enable_categorical=True, random_state=seed).fit(frame, target)\n"
    )
    trained.given(training__estimator="loud:train", training__params={})
    alone = trained.here("rollback", trained.file)
    assert alone.stderr.startswith("driftloop: shop has no previous champion to restore\n")
    retrains = [["retrain", str(file), "--now", "2026-02-05", "--json"] for file in (broken, trained.file)]
    asked = [*retrains, ["rollback", str(trained.file), "--json"]]
    done = trained("-c", ASK, json.dumps(asked), python=True)
    assert done.returncode == 0, done.stderr
    failed, output, back = [json.loads(line) for line in done.stdout.strip().split("\n")]
    assert (output["promoted"], output["version"]) == (True, "2"), output
    assert {"LOUD python", "LOUD child"} <= set(done.stderr.split("\n"))
    assert back == {"model": "shop", "champion": "1", "previous": "2"}
    last = "driftloop: training.estimator broken_training:train: the function raised KeyError"
    assert 'broken_training.py", line 2, in train' in done.stderr.partition(f"\n{last}")[0]
    assert failed["outcome"] == "failed"
    assert f"driftloop: {failed['reason']}".startswith(last)
    assert "\x1b" not in done.stderr
    assert [json.loads(line)[0] for line in done.stderr.split("\n") if line.startswith("[")] == [1, 0, 0]
    assert trained.here("rollback", trained.file).stdout.startswith(
        "shop: version 2 is champion again, with its reference"
    )
    (row,) = only(trained.here("status", trained.file, "--json").stdout)["models"]
    assert (row["model"], row["champion"], row["last_retrain_outcome"]) == ("shop", "2", "promoted")
    text = trained.here("status")
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.split("\n")[1].split()[:2] == ["shop", "2"], "champion"


def test_status_without_models_states_what_to_do(process: Run, command: Run) -> None:
    """In a new folder it is an empty list, or a hint."""
    assert only(process("status", "--json").stdout) == {"models": []}
    assert "next: driftloop init DATA" in command("status").stdout


def test_an_error_that_no_one_foresaw_keeps_its_traceback(process: Run, tmp_path: Path) -> None:
    """The user sees one sentence and where the rest is; the file has it whole."""
    code = (
        "from driftloop.pipelines import cli; from driftloop.pipelines.operations import status\n"
        "status.collect = lambda model: 1 / 0\ncli.main(['status'])"
    )
    done = process("-c", code, python=True)
    assert done.returncode == 1
    file = tmp_path / "state" / "last_error.txt"
    assert done.stderr == (
        f"driftloop: ZeroDivisionError: division by zero\n  unexpected error; traceback saved to {file}\n"
    )
    assert "Traceback" in file.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize(("words", "code"), [(("--version",), 1), (("status", "--json"), 1)])
def test_an_output_that_cannot_be_written_is_a_clear_error(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """It names the output and not some file of the state folder, and no traceback follows at the interpreter's end."""
    env = {**os.environ, "DRIFTLOOP_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "driftloop.pipelines.cli", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=env, cwd=tmp_path, check=False
        )
    assert done.returncode == code
    assert done.stderr == "driftloop: the output cannot be written: [Errno 28] No space left on device\n"
