"""Comparison of versions of packages: those of the workers of an engine must be those of this process."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from driftloop.monitoring.errors import EngineMisfit

# What both sides must have in the same version: objects travel between them, and numbers have to be equal.
PACKAGES = ("driftloop", "numpy", "pandas", "pyarrow", "duckdb", "xgboost", "scikit-learn")


def here(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of this process, by package."""
    return {"python": _python(".".join(map(str, sys.version_info))), **{name: version(name) for name in packages}}


def refuse_others(engine: str, workers: Mapping[str, Mapping[str, str | None]], own: Mapping[str, str]) -> None:
    """Raise EngineMisfit if a worker has other versions than this process.

    >>> refuse_others("dask", {"a": {"python": "3.11.2.final.0", "numpy": "2.0"}}, {"python": "3.11", "numpy": "2.0"})
    """
    for address, packages in workers.items():
        theirs = {name: packages.get(name) for name in own} | {"python": _python(packages.get("python") or "")}
        other = [name for name in own if theirs[name] != own[name]]
        if other:
            found = ", ".join(f"{name} {theirs[name]}" if theirs[name] else f"no {name}" for name in other)
            expected = ", ".join(f"{name} {own[name]}" for name in other)
            install = " ".join(f"{name}=={own[name]}" if name != "python" else f"Python {own[name]}" for name in other)
            more = f" (of {len(workers)} workers)" if len(workers) > 1 else ""
            raise EngineMisfit(engine, f"the worker {address}{more} has {found}", expected, install)


def _python(text: str) -> str:
    """Return the version of Python that objects depend on: 3.11 of 3.11.2."""
    return ".".join(text.split(".")[:2])
