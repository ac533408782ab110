"""Status shows for each model which version serves, what the last check saw, and what the last retrain did and why."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click import unstyle
from click.testing import CliRunner

from driftloop.monitoring.errors import UnknownModel
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.operations.status import COLUMNS, as_table, collect
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.servers.ports import free_port
from tests.streams import day, stream
from tests.terminals import on_terminal

Make = Callable[..., Model]


def test_a_model_is_reported_whole(model: Make) -> None:
    """Champion and age, the last check, its numbers, and the last retrain with its reason."""
    made = model(stream(), **SMALL)
    made.check(day(21))
    judged = made.check(day(35))
    (row,) = collect(made.name)
    assert row["champion"] == "1"
    assert 13 < row["age_days"] < 15
    assert datetime.fromisoformat(row["last_check"]) == day(35)
    assert (row["outcome"], row["reason"]) == ("steady", judged.reason)
    assert (row["drift_share"], row["loss_name"], row["loss"]) == (0.0, "mae", judged.performance.loss)
    assert str(row["loss_in_words"]).startswith("mae "), "a key of --json"
    assert row["report"] == judged.report
    assert datetime.fromisoformat(row["last_retrain"]) == day(21)
    assert row["last_retrain_outcome"] == "promoted"
    assert "no champion yet" in row["last_retrain_why"]
    assert "naive baseline" in row["last_retrain_reason"]


def test_without_mlflow_the_ledger_is_shown(model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last check and retrain of each model are there, the champion is unknown with the reason, not missing."""
    made = model(stream(), **SMALL)
    made.check(day(21))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (row,) = collect(made.name)
    assert (row["champion"], row["outcome"], row["last_retrain_outcome"]) == (None, "bootstrapped", "promoted")
    assert "MLflow at" in row["champion_error"]
    lines = as_table([row]).splitlines()
    assert " unknown " in next(line for line in lines if line.startswith(made.name))
    assert lines[-1].startswith("the champion is unknown: MLflow at")


def test_a_manual_retrain_is_the_last_one(model: Make) -> None:
    """A model that was never checked is there as well, with what was asked for."""
    made = model(stream(), **SMALL)
    retrain = retrain_now(load(made.file), day(21))
    (row,) = collect(made.name)
    assert (row["last_check"], row["outcome"], row["champion"]) == (None, None, retrain.version)
    assert row["last_retrain_why"] == "requested manually"
    assert made.name in as_table([row])


def test_an_early_exit_does_not_hide_the_last_judgement(trained: Make) -> None:
    """After a check without rows the outcome is no_data, and drift and loss are still those of the last judged one."""
    made = trained()
    made.check(day(35))
    made.check(day(90))
    (row,) = collect(made.name)
    assert row["outcome"] == "no_data"
    assert row["drift_share"] is not None
    assert row["loss"] is not None


def test_a_new_champion_is_not_shown_next_to_the_loss_of_the_old_one(model: Make) -> None:
    """Its own loss is that of the gate until a check has measured it; after a rollback the line reports it."""
    made = model(stream(concept_shift_at=28), **{**SMALL, "policies__triggers": [{"policy": "always"}]})
    made.check(day(21))
    check = made.check(day(42))
    assert check.outcome is Outcome.PROMOTED
    assert check.retrain is not None
    (row,) = collect(made.name)
    assert (row["champion"], row["loss_version"], row["standing"]) == ("2", "1", "unknown")
    assert row["gate_loss"] == check.retrain.challenger_loss
    assert row["loss"] == check.performance.loss
    result = unstyle(as_table([row]))
    version = f"version 2 at the gate: mae {row['gate_loss']:.3g} (loss of version 1: {row['loss']:.3g})"
    assert version in result
    assert f"mae {row['gate_loss']:.3g} at the gate" in result.split("\n")[1]
    with closing(Ledger(home.ledger_url())) as ledger:
        promotion.rollback(ledger, made.name, day(50))
    (row,) = collect(made.name)
    assert (row["champion"], row["loss_version"]) == ("1", "1")
    assert (row["outcome"], row["undone"], row["last_retrain_outcome"]) == ("promoted", "rolled_back", "rolled_back")
    assert row["standing"] == "unknown", "version 1 is back, and no check has measured it since"
    assert row["loss_in_words"].startswith("version 1 serves again and is not measured since: mae ")
    line = unstyle(as_table([row])).split("\n")[1]
    assert "promoted, rolled back" in line
    assert line.endswith("rolled back")
    with closing(Ledger(home.ledger_url())) as ledger:
        promotion.rollback(ledger, made.name, day(51))
    (row,) = collect(made.name)
    assert (row["champion"], row["undone"], row["last_retrain_outcome"]) == ("2", None, "promoted")


def test_a_loss_that_rose_slowly_is_shown_with_its_rise(model: Make) -> None:
    """Never more than a little from week to week, and compared with the reference all the same; nothing retrains it."""
    frame = stream(days=70)
    weeks = ((frame["ts"] - frame["ts"].min()).dt.days // 7).clip(lower=2) - 2
    frame["y"] += weeks * 0.8 * np.where(frame["amount"] > frame["amount"].median(), 1, -1)
    made = model(frame, **SMALL)
    made.check(day(21))
    rises = [made.check(day(at)) for at in range(28, 71, 7)]
    assert {check.outcome for check in rises} == {Outcome.STEADY}
    assert rises[-1].standing == "worse"
    (row,) = collect(made.name)
    assert row["standing"] == "worse"
    result = unstyle(as_table([row]))
    assert "steady, worse" in result
    assert "worse than the reference: mae" in result
    assert "significantly worse" in result


def test_the_table_has_a_line_and_a_reason_for_each_model() -> None:
    """Columns are under their titles, also for two models that look the same; no text of the data steers it."""
    row = {
        "model": "taxi",
        "champion": None,
        "champion_newest_row": None,
        "age_days": None,
        "last_check": day(3).isoformat(),
        "outcome": "failed",
        "reason": "SourceMissing: x\x1b[2J\n  expected: " + "words " * 40,
        "drift_share": None,
        "loss": None,
        "last_retrain": None,
    }
    lines = unstyle(as_table([row, row])).split("\n")
    assert all(title in lines[0] for title in COLUMNS)
    heads = [line for line in lines if line.startswith("taxi")]
    assert len(heads) == 2
    assert heads[0] == heads[1]
    assert heads[0].index("failed") == lines[0].index("outcome")
    assert all(len(line) <= 110 for line in lines if line.startswith(" "))
    assert "\x1b" not in "".join(lines), "no escape but our own colours"


LINE: dict[str, Any] = {
    "model": "flights_air_time",
    "champion": "12",
    "champion_newest_row": day(1).isoformat(),
    "age_days": 12.0,
    "last_check": day(3).isoformat(),
    "outcome": "rejected",
    "reason": "the challenger is not significantly better: mae 8.7712 against 8.7654 on 12,345 rows " * 3,
    "drift_share": 0.25,
    "loss_name": "mae",
    "loss": 8.7654,
    "loss_version": "12",
    "loss_rise": 0.0312,
    "last_retrain": day(2).isoformat(),
    "last_retrain_outcome": "rejected",
}


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_table_fits_the_terminal(width: int, tmp_path: Path) -> None:
    """On a real terminal no line is wider, colors are colors, and no number is cut; `NO_COLOR` takes the colors."""
    script = (
        "from driftloop.pipelines.operations.status import as_table\n"
        "from driftloop.pipelines.runtime import tables, terminal\n"
        f"terminal.say_drawn(as_table([{LINE!r}], on=tables.screen()))"
    )
    observed = on_terminal("-c", script, width=width, home=tmp_path)
    assert observed.code == 0, observed.terminal
    assert "\x1b[" in observed.terminal
    lines = unstyle(observed.terminal).splitlines()
    assert max(map(len, lines)) <= width, lines
    words = " ".join(lines).split()
    assert {"flights_air_time", "12", "25%", "mae", "8.77", "+3.1%", "(12d)", "rejected", "12,345"} <= set(words)
    assert set(words) | {"model"} == set(as_table([LINE]).split())
    plain = on_terminal("-c", script, width=width, home=tmp_path, NO_COLOR="1")
    assert plain.terminal.splitlines() == [line.rstrip() for line in lines]
    piped = on_terminal("-c", script, width=width, home=tmp_path, piped_stdout=True)
    assert piped.stdout == as_table([LINE]) + "\n"


def test_what_needs_a_look_comes_first_with_its_reason() -> None:
    """Failures are above what was held back, that above what is steady; a steady model's reason is left to itself."""
    result = dict.fromkeys(("champion", "age_days", "champion_newest_row", "last_check", "drift_share", "last_retrain"))
    rows: list[dict[str, Any]] = [
        {**result, "model": name, "outcome": outcome, "reason": f"because of {name}", "loss": 2.0, "loss_name": "mae"}
        for name, outcome in (("a", "steady"), ("b", "held"), ("c", "failed"), ("d", None))
    ]
    lines = unstyle(as_table(rows)).split("\n")
    assert [line.split()[0] for line in lines[1:]] == ["c", "because", "b", "because", "d", "a"]
    assert unstyle(as_table(rows[:1], whole=True)).endswith("because of a")


def test_watching_shows_it_again_until_it_is_ended() -> None:
    """Each turn prints the table again; Ctrl-C ends it without an error, and --json has no use for it."""
    command = [sys.executable, "-m", "driftloop.pipelines.cli", "status", "--watch", "--every", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        observed = 0
        while observed < 2:
            line = watching.stdout.readline()
            assert line or watching.poll() is None, watching.stderr and watching.stderr.read()
            observed += "Ctrl-C ends" in line
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=60)
    assert (watching.returncode, errors) == (0, "")
    refused = CliRunner().invoke(main, ["status", "--watch", "--json"])
    assert refused.exit_code == 2
    assert "omit --watch" in refused.stderr


def test_no_model_states_what_to_do() -> None:
    """An empty table is a hint; a name that is not known is an error with the nearest one."""
    assert "driftloop init DATA" in as_table([])


def test_an_unknown_name_is_reported_with_the_nearest(trained: Make) -> None:
    """A typing error is met with the name that was meant."""
    name = trained().name
    with pytest.raises(UnknownModel, match=f"(?s)no model.*Did you mean '{name}'"):
        collect(name[:-1] + "_")
