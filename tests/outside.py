"""A first model with nothing but the installed wheel: `init`, `check`, `status` on a CSV, far from any checkout.

Run by `make test-wheel`, with the interpreter of the environment that the wheel was installed in.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from importlib.metadata import files
from pathlib import Path
from typing import Any

START = datetime(2026, 1, 1)
ROWS = 4000


def write_rows(file: Path) -> None:
    """Write rides of eight weeks, whose minutes follow from their distance and their city."""
    rng = random.Random(0)
    with file.open("w", newline="") as open_:
        rows = csv.writer(open_)
        rows.writerow(["started_at", "distance", "city", "minutes"])
        for at in range(ROWS):
            distance, city = rng.gammavariate(2, 3), rng.choice(["rome", "oslo", "bonn"])
            minutes = 4 * distance + 5 * (city == "rome") + rng.gauss(0, 1)
            rows.writerow([START + timedelta(minutes=20 * at), round(distance, 3), city, round(minutes, 3)])


def run(folder: Path, *words: str) -> str:
    """Run a command as a user does and return its output."""
    command = [str(Path(sys.executable).with_name("driftloop")), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def as_json(folder: Path, *words: str) -> dict[str, Any]:
    """Run a command and return what it writes for programs."""
    result: dict[str, Any] = json.loads(run(folder, *words, "--json"))
    return result


def main() -> None:
    """Look at what was installed, then use it."""
    tops = {file.parts[0] for file in files("driftloop") or () if not file.parts[0].startswith("..")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"driftloop"}, tops
    import driftloop

    assert driftloop.__file__ is not None
    package = Path(driftloop.__file__).parent
    assert "site-packages" in package.parts, package
    assert (package / "py.typed").is_file()
    assert list((package / "pipelines" / "examples").glob("*.yaml"))
    assert (package / "monitoring" / "report" / "explanations.json").is_file()
    for half, rooms in {"monitoring": ("presentation", "report"), "pipelines": ("site", "backtest")}.items():
        for room in rooms:
            assert list((package / half / room).glob("*.html.j2")), room
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["DRIFTLOOP_HOME"] = str(folder / "state")
        write_rows(folder / "rides.csv")
        run(folder, "init", "rides.csv", "--target", "minutes")
        first = as_json(folder, "check", "rides.yaml", "--now", "2026-02-12")
        assert first["outcome"] == "bootstrapped", first["reason"]
        second = as_json(folder, "check", "rides.yaml", "--now", "2026-02-19")
        assert second["outcome"] == "steady", second["reason"]
        (model,) = as_json(folder, "status")["models"]
        assert (model["model"], model["champion"]) == ("rides", "1"), model
    print(f"driftloop works from {package}")  # noqa: T201


if __name__ == "__main__":
    main()
