"""Environments of the peers that benchmarks compare with, where theirs do not go with our versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.gettempdir()) / "driftloop-peers"
# The environment of each peer, with what its own requirements do not say.
PEERS = {
    "nannyml": ["nannyml", "statsmodels", "pyarrow", "pandas<3"],
    "frouros": ["frouros", "pyarrow"],
    "alibi-detect": ["alibi-detect", "pyarrow<22"],
}


def installed(folder: Path, *names: str) -> dict[str, str | None]:
    """Return the interpreter of each peer's environment, made where there is none; None where it does not install."""
    found: dict[str, str | None] = {}
    for peer in names:
        python = folder / peer / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder / peer], check=True, timeout=300)
            quiet = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[peer]]
            if subprocess.run(quiet, check=False, capture_output=True, timeout=1800).returncode:
                shutil.rmtree(folder / peer)
        found[peer] = str(python) if python.exists() else None
    return found
