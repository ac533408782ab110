"""The output of the demo in the README: `python -m docs.demo` runs it, three minutes on two cores, and writes it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.tutorial import README, environment

BLOCK = re.compile(r"(?<=\(about three minutes on two cores\):\n\n```text\n)(?:.*\n)*?(?=```)")
WEEK = re.compile(r"2013-\d\d-\d\d ")
# Weeks shown at the beginning and at the end.
FIRST, LAST = 17, 6


def shortened(printed: str) -> str:
    r"""Return what the demo prints, with `...` in place of the weeks in the middle.

    >>> shortened("week\n" + "2013-01-01 a\n" * 30 + "saved\n").count("\n")
    26
    """
    lines = printed.splitlines()
    weeks = [at for at, line in enumerate(lines) if WEEK.match(line)]
    left_out = weeks[FIRST:-LAST]
    if left_out:
        lines[left_out[0] : left_out[-1] + 1] = ["..."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the demo in a new folder and write its output into the README."""
    process = [str(Path(sys.executable).with_name("driftloop")), "demo"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(process, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
        printed = done.stdout.replace(f"{Path(folder).resolve()}/", "")
    README.write_text(BLOCK.sub(lambda _: shortened(printed), README.read_text("utf-8"), count=1), "utf-8")


if __name__ == "__main__":
    main()
