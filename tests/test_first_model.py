"""The page for a first model runs as it is written: its data, its commands, and the output that it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "first-model.md").read_text("utf-8")
SHOWN = re.compile(r"```console\n\$ driftloop (.*)\n((?:.*\n)*?)```")


def test_each_command_of_the_page_gives_the_output_shown(tmp_path: Path) -> None:
    """`init` to the letter; of a check the first line and the verdict, whose numbers depend on versions."""
    (data,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    subprocess.run([sys.executable, "-c", data], cwd=tmp_path, check=True)
    # Other tests of this process have set where Prefect and MLflow keep their state.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    where = clean | {"DRIFTLOOP_HOME": str(tmp_path / "state")}
    shown = SHOWN.findall(PAGE)
    assert [command.split()[0] for command, _ in shown] == ["init", "validate", "check", "check"]
    for command, output in shown:
        words = [sys.executable, "-m", "driftloop.pipelines.cli", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if command.startswith(("init", "validate")):
            assert done.stdout == output
        else:
            assert verdict(done.stdout) == verdict(output)


def verdict(output: str) -> tuple[str, list[str]]:
    """The first line, and the words in capitals at the beginning of a line."""
    return output.split("\n", maxsplit=1)[0], re.findall(r"^[A-Z_]{4,}", output, re.MULTILINE)
