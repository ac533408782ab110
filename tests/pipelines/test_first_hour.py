"""The first hour of a stranger: from a file as people write it to a scheduled service with a tested notification."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.service.loop import Service

Command = Callable[..., subprocess.CompletedProcess[str]]
Hook = tuple[str, list[Any]]


def german(number: float) -> str:
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def american(number: float) -> str:
    return f"(${-number:,.2f})" if number < 0 else f"${number:,.2f}"


def sales(rows: int = 4000) -> pd.DataFrame:
    """A German export: dates with points, decimal commas, percent signs; prices rise by half in November."""
    draw = np.random.default_rng(5)
    moments = pd.to_datetime("2025-01-01") + pd.to_timedelta(np.sort(draw.uniform(0, 400, rows)), unit="D")
    count, price = draw.integers(1, 60, rows), draw.lognormal(3, 0.6, rows)
    branch, discount = draw.choice(["München", "Köln", "Zürich"], rows), draw.choice([0, 5, 10], rows)
    later = np.where(moments > pd.Timestamp("2026-01-20"), 1.5, 1.0)
    total = count * price * (1 - discount / 100) * later * draw.lognormal(0, 0.1, rows)
    return pd.DataFrame(
        {
            "Belegnr": [f"B-{at:06d}" for at in range(rows)],
            "Datum": moments.strftime("%d.%m.%Y"),
            "Filiale": branch,
            "Menge (Stück)": count,
            "Stückpreis": [german(value) for value in price],
            "Rabatt": [f"{value}%" for value in discount],
            "Umsatz €": [german(value) for value in total],
        }
    )


def loans(rows: int = 7000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """An American export and, in a file of their own, its outcomes 30 to 32 days later; about 3% of them are Yes."""
    draw = np.random.default_rng(5)
    moments = pd.to_datetime("2025-01-01") + pd.to_timedelta(np.sort(draw.uniform(0, 380, rows)), unit="D")
    income, amount = draw.lognormal(10.8, 0.5, rows), draw.lognormal(9, 0.7, rows)
    used, balance = draw.uniform(0, 100, rows), draw.normal(500, 1500, rows)
    odds = np.exp(-6.1 + 0.035 * used + 0.9 * (amount / income > 0.35) - 0.0004 * balance)
    failed = draw.uniform(size=rows) < odds / (1 + odds)
    table = pd.DataFrame(
        {
            "Loan ID": np.arange(100_000, 100_000 + rows),
            "Application Date": [f"{at:%-m/%-d/%Y %-I:%M %p}" for at in moments],
            "Annual Income": [american(value) for value in income],
            "Loan Amount": [american(value) for value in amount],
            "Utilization": [f"{value:.1f}%" for value in used],
            "State": draw.choice(["CA", "NY", "TX"], rows),
            "Balance": [american(value) for value in balance],
        }
    )
    known = moments + pd.to_timedelta(draw.uniform(30, 32, rows), unit="D")
    outcomes = pd.DataFrame(
        {
            "loan": table["Loan ID"],
            "reported": [f"{at:%-m/%-d/%Y %-I:%M %p}" for at in known],
            "default": np.where(failed, "Yes", "No"),
        }
    )
    return table, outcomes[known < moments.max()]


def ran(command: Command, text: str) -> str:
    done = command(*text.split())
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed(output: str) -> list[str]:
    """The commands that `init` prints as the next ones."""
    lines = output.partition("next: read it, then\n")[2].splitlines()
    return [line.partition("#")[0].strip().removeprefix("driftloop ") for line in lines]


def test_a_german_file(tmp_path: Path, command: Command, webhook: Hook, prefect: None) -> None:
    """Seven commands, each printed by the one before; no key of the YAML is edited, in an encoding of Windows."""
    url, got = webhook
    sales().to_csv(tmp_path / "umsatz.csv", sep=";", index=False, encoding="cp1252")
    output = ran(command, f"init umsatz.csv --model umsatz_de --notify {url}/yes")
    assert "regression of 'Umsatz €' over 'Datum' from 4 features" in output
    assert "read as cp1252, for example 'Menge (Stück)'" in output
    project = load(tmp_path / "umsatz_de.yaml")
    assert set(project.columns.features) == {"Menge (Stück)", "Stückpreis", "Rabatt", "Filiale"}
    assert project.columns.types["Umsatz €"] == "decimal_comma"
    assert "valid, as of" in ran(command, "validate umsatz_de.yaml")
    first, second, test, serve = printed(output)
    assert "BOOTSTRAPPED" in ran(command, first)
    assert "umsatz_de  2026-01-" in ran(command, second)
    assert registry.aliased("umsatz_de", registry.CHAMPION) is not None
    assert ran(command, test).strip() == "notify.urls[0] (json): delivered"
    assert got[-1]["title"] == "umsatz_de: a test notification"
    assert serve == "serve umsatz_de.yaml"
    service = Service([tmp_path / "umsatz_de.yaml"])
    thread = threading.Thread(target=lambda: service.run(60.0))
    thread.start()
    try:
        last = time.monotonic() + 60
        while service.answers.health()[1]["status"] == "starting":
            assert time.monotonic() < last
            time.sleep(0.05)
        status, health = service.answers.health()
        assert (status, health["models"][0]["model"]) == (200, "umsatz_de")
        assert health["models"][0]["next_run"] is not None
    finally:
        service.stop()
        thread.join(60)


def test_an_american_file_with_late_labels(tmp_path: Path, command: Command, prefect: None) -> None:
    """Labels of another file are found by key and time, the delay is observed, and the rare class is proposed for."""
    table, outcomes = loans()
    table.to_csv(tmp_path / "loans.csv", index=False)
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    output = ran(command, "init loans.csv --labels outcomes.csv --model loans_us")
    assert "binary of 'default' over 'Application Date' from 5 features" in output
    assert "delay: median 31.0d, 95th percentile 31.9d" in output
    assert "imbalance: 'Yes' is " in output
    project = load(tmp_path / "loans_us.yaml")
    assert project.columns.label_delay.days == 32
    assert set(project.columns.numeric) >= {"Annual Income", "Loan Amount", "Utilization", "Balance"}
    first, second, serve = printed(output)
    assert "BOOTSTRAPPED" in ran(command, first)
    check = json.loads(ran(command, f"{second} --json"))
    assert check["outcome"] in {"steady", "promoted", "rejected", "held"}
    assert check["labels"]["coverage"] == pytest.approx(1.0, abs=0.02)
    assert check["labels"]["delay_median_days"] == pytest.approx(31, abs=0.2)
    assert {score["name"] for score in check["columns"]} >= {"Balance", "Utilization", "State"}
    assert serve == "serve loans_us.yaml"
