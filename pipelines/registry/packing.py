"""The code and the requirements that travel with a stored model, so that MLflow serves it without driftloop.

An adopted model that is kept as it came, one that is stored as a pickle, and one elsewhere are opened by driftloop.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version as installed
from pathlib import Path

from driftloop.monitoring import served
from driftloop.monitoring.served.opening import FILES
from driftloop.pipelines.training.scorer import Scorer

CODE = "code"
ALWAYS = ("mlflow", "pandas", "numpy")


def pack(folder: Path) -> str:
    """Copy the package `served` into a folder, under a name of its own content; return the name of its loader.

    Models of several versions of driftloop can then be opened in one process.
    """
    files = {file.name: file.read_bytes() for file in sorted(Path(served.__file__).parent.glob("*.py"))}
    content = b"".join(name.encode() + b"\0" + text for name, text in files.items())
    module = f"driftloop_served_{hashlib.sha256(content).hexdigest()[:12]}"
    place = folder / CODE / module
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / name).write_bytes(text)
    return f"{module}.loader"


def travels(scorer: Scorer, folder: Path) -> bool:
    """Return whether the model that was saved into a folder is opened without driftloop."""
    return scorer.contract is None and any((folder / file).is_file() for file in FILES.values())


def requirements(folder: Path) -> list[str]:
    """Return the exact requirements of a model that travels.

    A class of xgboost for scikit-learn needs both libraries, and so does a pipeline of scikit-learn with one.
    """
    libraries: tuple[str, ...] = ("xgboost", "scikit-learn")
    if (stored := folder / FILES["skops"]).is_file():
        import skops.io

        kinds = skops.io.get_untrusted_types(data=stored.read_bytes())
        boosted = any(kind.startswith("xgboost.") for kind in kinds)
        libraries = ("scikit-learn", "skops", "xgboost") if boosted else ("scikit-learn", "skops")
    return [f"{name}=={installed(name)}" for name in (*ALWAYS, *libraries)]
