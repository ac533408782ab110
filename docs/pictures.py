"""The pictures of site and report: `python -m docs.pictures` runs the tutorial and takes them with Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from docs import tutorial

IMAGES = tutorial.ROOT / "docs" / "images"
SIZE = "1100,1100"


def taken(page: Path, image: Path, scratch: Path) -> None:
    """Write the top of a page as an image of `SIZE` pixels; raises `FileNotFoundError` without a browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise FileNotFoundError("no chromium on the path; install it, for example by apt-get install chromium")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=8000"]
    options += [f"--window-size={SIZE}", f"--user-data-dir={scratch / 'profile'}", f"--screenshot={image}"]
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True, timeout=120)  # noqa: S603


def main() -> None:
    """Take the page of the tutorial's model and the report of its last check."""
    shown = tutorial.shown(tutorial.PAGE.read_text("utf-8"))
    commands = [command for command, _ in shown if command.startswith("driftloop ")]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder).resolve()
        printed = "".join(text for _, text in tutorial.outputs(commands, here))
        reports = re.findall(r"^report: (.*)$", printed, re.MULTILINE)
        (site,) = set(re.findall(r"^site: (.*)$", printed, re.MULTILINE))
        taken((here / site).parent / "models" / "orders.html", IMAGES / "site.png", here)
        taken(here / reports[-1], IMAGES / "report.png", here)


if __name__ == "__main__":
    main()
