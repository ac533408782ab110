"""The commands of the tutorial and their output: `python -m docs.tutorial` runs them and writes what they print."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE, README = ROOT / "docs" / "first-model.md", ROOT / "README.md"
# Runs commands one after the other in one process, and prints exit code, stdout and stderr of each.
RUN = """
import json, sys
from click.testing import CliRunner
from driftloop.pipelines.cli import main
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(main, words)
    print(json.dumps([done.exit_code, done.stdout, done.stderr]), flush=True)
"""
SHOWN = re.compile(r"```console\n\$ (.*)\n((?:.*\n)*?)```")
# The check that the README shows.
BLOCK = re.compile(r"(?<=The last check prints:\n\n```text\n)(?:.*\n)*?(?=```)")


def shown(page: str) -> list[tuple[str, str]]:
    """Return each console block of a page with one command: the command and the output below it."""
    return SHOWN.findall(page)


def environment() -> dict[str, str]:
    """Return the environment of a command without the caller's state, and without that of Prefect and MLflow."""
    ours = ("PREFECT_", "MLFLOW_", "DRIFTLOOP_", "COLUMNS")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return clean | {
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def outputs(commands: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """Run commands of `driftloop` in their order in one process, on the tutorial's data; yield what each prints.

    Raises `RuntimeError` with the error output if a command fails.
    """
    shutil.copytree(ROOT / "docs" / "data", folder / "docs" / "data", dirs_exist_ok=True)
    words = [shlex.split(command, comments=True)[1:] for command in commands]
    process = [sys.executable, "-c", RUN, json.dumps(words)]
    done = subprocess.run(process, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    for command, line in zip(commands, done.stdout.splitlines(), strict=True):
        code, printed, error = json.loads(line)
        if code:
            raise RuntimeError(f"{command}: exit code {code}\n{error}")
        yield command, printed.replace(f"{folder.resolve()}/", "")


def main() -> None:
    """Write the output of each command into the tutorial, and that of the last check into the README."""
    page = PAGE.read_text("utf-8")
    commands = [command for command, _ in shown(page) if command.startswith("driftloop ")]
    with tempfile.TemporaryDirectory() as folder:
        printed = dict(outputs(commands, Path(folder)))
    new = SHOWN.sub(lambda found: f"```console\n$ {found[1]}\n{printed.get(found[1], found[2])}```", page)
    PAGE.write_text(new, "utf-8")
    last = [text for command, text in printed.items() if command.startswith("driftloop check")][-1]
    README.write_text(BLOCK.sub(lambda _: last, README.read_text("utf-8"), count=1), "utf-8")


if __name__ == "__main__":
    main()
