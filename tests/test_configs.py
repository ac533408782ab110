"""What is in the house is in order: every config loads, every wall between modules is, light stays light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from driftloop.pipelines.config.project import load

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.y*ml"))
HEAVY = {
    "pandas",
    "numpy",
    "prefect",
    "mlflow",
    "evidently",
    "xgboost",
    "sklearn",
    "ibis",
    "duckdb",
    "sqlalchemy",
    "scipy",
}


def imported(code: str, among: set[str]) -> list[str]:
    """Which of some packages a fresh process has loaded after running a line."""
    code = f"import sys; {code}; print(*sorted({among!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_there_are_configs() -> None:
    """The law below is about something."""
    assert "flights.yaml" in [file.name for file in CONFIGS]


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.name)
def test_every_config_loads(file: Path) -> None:
    """Every YAML that is shipped is one that the product takes, and its model has a name of its own."""
    assert [load(other).model for other in CONFIGS].count(load(file).model) == 1


def test_the_contracts_between_modules_hold() -> None:
    """The contracts of pyproject.toml hold, and there are some."""
    subprocess.run(["make", "--quiet", "build/tree"], cwd=ROOT, check=True)
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "build/tree"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kept = int(done.stdout.rsplit("Contracts: ", 1)[1].split(" kept")[0])
    assert kept == (ROOT / "pyproject.toml").read_text().count("[[tool.importlinter.contracts]]") > 0


def test_the_command_line_starts_light() -> None:
    """`driftloop --help` waits for no heavy part."""
    assert imported("import driftloop.pipelines.cli", HEAVY) == []


def test_reading_a_config_is_light() -> None:
    """A wrong config is reported before anything expensive is imported."""
    assert (
        imported(
            "from driftloop.pipelines.config import project; from driftloop.pipelines.operations import words", HEAVY
        )
        == []
    )


def test_judgement_is_light() -> None:
    """Policies, decision and records look at numbers that were measured before: they load no frame and no array."""
    assert imported("from driftloop.monitoring import policies, decision, records", HEAVY) == []


def test_a_heavy_import_would_be_noticed() -> None:
    """The laws above can fail."""
    assert imported("import driftloop.monitoring.rows.canonical", {"pandas", "mlflow"}) == ["pandas"]
