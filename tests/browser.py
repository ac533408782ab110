"""A real headless Chromium for the tests of pages: what a page becomes after everything in it ran."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no chromium on this machine")


def dump(page: Path, scratch: Path, *more: str, fragment: str = "") -> str:
    """The DOM of a saved page after its scripts ran, opened at a fragment."""
    assert CHROMIUM is not None, "CI needs chromium"
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--no-sandbox", f"--user-data-dir={scratch / 'profile'}"]
    command = [
        CHROMIUM,
        "--headless",
        *quiet,
        *more,
        "--virtual-time-budget=8000",
        "--dump-dom",
        page.as_uri() + fragment,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
