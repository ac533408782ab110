"""`driftloop backtest`, once in a fresh process: a table or one object, the file written, nothing registered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.commands.backtest import _configured_cost
from driftloop.pipelines.config.project import Project, load
from tests import streams

SMALL: dict[str, Any] = {
    "model": "shop",
    "preflight__min_rows": 20,
    "training__min_rows": 50,
    "training__params": {"n_estimators": 8, "max_depth": 3},
    "policies": {"triggers": [{"policy": "never"}], "guards": []},
}
NOW = ("--now", "2026-07-20")
Run = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A model whose target moves a little every day."""
    return streams.write(tmp_path, streams.stream(days=200, a_day=12, gradual=0.1), **SMALL)


@pytest.fixture
def run(command: Run, file: Path) -> Run:
    """The command on it."""
    return lambda *words: command("backtest", file, *NOW, *words)


def test_a_backtest_is_a_table_and_a_block_to_paste(process: Run, file: Path, tmp_path: Path) -> None:
    """Every policy has its line, the file is as it was, and only the ledger knows what was learned."""
    before = (tmp_path / "model.yaml").read_bytes()
    done = process("backtest", file, *NOW, "--policies", "periodic,recoverable_loss,config")
    assert done.returncode == 0, done.stderr
    for name in ("oracle", "never", "always", "config: never()", "periodic(every=4)", "recoverable_loss()"):
        assert f"\n{name} " in done.stdout
    name = done.stdout.split("\nRecommended: ")[1].split("(")[0]
    assert f"\npolicies:\n  triggers:\n    - {{policy: {name}, " in done.stdout
    assert (tmp_path / "model.yaml").read_bytes() == before
    learned = Ledger(f"sqlite:///{tmp_path / 'state' / 'ledger.db'}").learned("shop")
    assert learned is not None
    assert learned.age_gap[5] > learned.age_gap[1] > 0
    state = {one.name for one in (tmp_path / "state").iterdir()}
    assert not {"mlflow.db", "prefect"} & state, "nothing was registered, no server was started"


def test_json_is_one_object_and_write_writes(run: Run, tmp_path: Path) -> None:
    """All numbers on stdout, notes on stderr; the recommended triggers are in the file, and a second run keeps them."""
    done = run("--json", "--write", "--policies", "recoverable_loss,config", "--label-delay", "7d")
    output = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert (output["outcome"], output["written"], output["stored"], output["label_delay"]) == (
        "backtested",
        True,
        True,
        1,
    )
    assert Path(output["report"]).read_text("utf-8").count("<svg") == 9
    assert {one["name"] for one in output["standings"]} >= {"never", "always", "config: never()"}
    assert [one.policy for one in load(tmp_path / "model.yaml").policies.triggers] == ["recoverable_loss"]
    again = run("--write", "--policies", "recoverable_loss,config")
    assert "Recommended: keep the triggers of the config." in again.stdout
    assert "model.yaml was not changed" in again.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--policies", "periodc"], 2, "Did you mean 'periodic'?"),
        (["--batch", "seven"], 2, "'seven' is neither a duration such as 7d or 12h nor a whole number"),
        (["--batch", "0"], 2, "a batch must be longer than zero"),
        (["--cost", "0"], 2, "0"),
        (["--batch", "40d"], 1, "at least 10 batches to train and to score on"),
        (["--label-delay", "9"], 1, "with labels that come 9 batches late"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_reported(run: Run, words: list[str], code: int, message: str) -> None:
    """Wrong words exit with 2, a history that is too short with 1; stdout stays empty, or states the same in JSON."""
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_batches_that_are_no_windows_are_not_handed_over(run: Run, tmp_path: Path) -> None:
    """An age curve in batches of another length would mislead the live policies, and that is reported."""
    done = run("--batch", "90", "--policies", "cara,config", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stored"] is False
    assert "not saved for the live policies, because their batch is windows.current" in done.stderr


@pytest.mark.parametrize(
    ("trigger", "cost"),
    [
        ({"policy": "cara", "cost": {"retrain": 0.7}}, 0.7),
        ({"policy": "any_of", "triggers": [{"policy": "never"}, {"policy": "cara", "cost": {"retrain": 0.7}}]}, 0.7),
        ({"policy": "k_of_n", "trigger": {"policy": "recoverable_loss", "cost": {"retrain": 0.05}}}, 0.05),
        ({"policy": "any_of", "triggers": [{"policy": "periodic"}]}, 0.2),
    ],
)
def test_the_cost_of_the_config_is_found_at_any_depth(trigger: dict[str, Any], cost: float) -> None:
    """A backtest takes the price of a retrain that a rule of the config has, within a composition too."""
    project = Project.model_validate(streams.config(policies__triggers=[trigger]))
    assert _configured_cost(project) == cost
