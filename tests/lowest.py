"""The lower bounds of pyproject.toml, compared with the versions that are installed next to it.

Run by `make test-lowest`, whose environment has the oldest versions that can be installed together. A bound below the
installed version admits a release that no one can install, or that nothing has been tested with.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


def too_low() -> list[str]:
    """Name each requirement whose lower bound is not the version installed, or that has none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wrong = []
    for text in [*project["dependencies"], *project["optional-dependencies"]["postgres"]]:
        requirement = Requirement(text)
        bounds = [Version(part.version) for part in requirement.specifier if part.operator in {">=", "=="}]
        installed = Version(version(requirement.name))
        if bounds != [installed]:
            wrong.append(f"{text}: the oldest version that can be installed is {installed}")
    return wrong


if __name__ == "__main__":
    found = too_low()
    sys.exit("\n".join(found) if found else 0)
