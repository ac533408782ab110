"""Laws about the tree of modules."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(file for half in ("monitoring", "pipelines") for file in (ROOT / half).rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 60
# Modules without a test file at their own path, by the reason why they need none. They decide nothing on their own.
WITHOUT_TWIN: dict[str, tuple[str, ...]] = {
    "only texts or declarations; what uses them is tested": (
        *("monitoring/errors/*", "monitoring/quality/settings.py", "monitoring/records/finding_codes.py"),
        *("monitoring/records/archive.py", "monitoring/records/table_version.py"),
        *(
            "monitoring/records/estimate.py",
            "monitoring/records/promotion_watch.py",
            "monitoring/records/shadow.py",
            "monitoring/settings/*",
            "monitoring/drift/settings.py",
        ),
        *("monitoring/presentation/*", "monitoring/profiles/errors.py", "monitoring/ledger/tables.py"),
        *("pipelines/gate/rule.py", "pipelines/gate/wording.py", "pipelines/requests/noticed.py"),
        *("pipelines/service/replies.py",),
    ),
    "base of one object per file; the laws of its room run every object through it": (
        *("monitoring/drift/methods/base.py", "monitoring/formats/base.py", "monitoring/losses/base.py"),
        *("monitoring/tasks/*", "pipelines/training/tasks/*", "monitoring/drift/methods/evidently.py"),
        "monitoring/metrics/*",
    ),
    "reading and opening of sources: tests/monitoring/sources/test_engines.py, test_postgres.py and test_laws.py": (
        *("monitoring/sources/engines/*", "monitoring/sources/frames.py", "monitoring/sources/opening.py"),
        *("monitoring/sources/relation.py", "monitoring/formats/parquet.py", "monitoring/ledger/database.py"),
    ),
    "labels in a table of their own: tests/monitoring/sources/labels and tests/scenarios/test_labels.py": (
        *("monitoring/sources/labels/*", "monitoring/records/labels.py", "pipelines/backtest/label_times.py"),
        "pipelines/flows/labelling.py",
    ),
    "counting of columns: tests/monitoring/profiles": (
        *("monitoring/profiles/building.py", "monitoring/profiles/columns.py", "monitoring/profiles/levels.py"),
        *("monitoring/profiles/numbers.py", "monitoring/profiles/storing.py"),
    ),
    "counting by a database: tests/monitoring/counting/test_window.py, tests/pipelines/flows/test_counting.py": (
        *("monitoring/counting/by_row.py", "monitoring/counting/levels.py", "monitoring/counting/numbers.py"),
        *("monitoring/counting/plan.py", "monitoring/counting/rows.py", "monitoring/records/counting.py"),
        "pipelines/data/counted.py",
    ),
    "rows in the workers of a cluster: tests/pipelines/engines/test_dask.py, tests/pipelines/flows/test_dividing.py": (
        *("monitoring/sources/shards.py", "monitoring/sources/placing.py", "pipelines/engines/base.py"),
        *("pipelines/engines/dask_cluster.py", "pipelines/engines/dask_rows.py", "pipelines/engines/sharded.py"),
        *("pipelines/engines/versions.py", "pipelines/data/boosting.py", "pipelines/engines/divisible.py"),
        *("pipelines/engines/spark_rows.py", "pipelines/engines/spark_session.py", "pipelines/engines/spark_work.py"),
        "pipelines/engines/spark_fit.py",
    ),
    "reading of rows into pieces: tests/pipelines/data/test_fresh.py": (
        *("pipelines/data/piece.py", "pipelines/data/query.py"),
    ),
    "travels with each model: tests/pipelines/registry/test_serving.py, test_packing.py; tests of rows and features": (
        *("monitoring/served/encoding.py", "monitoring/served/errors.py", "monitoring/served/loader.py"),
        *("monitoring/served/opening.py", "monitoring/served/spelling.py"),
    ),
    "names of a dependency: tests/contracts": (
        *("monitoring/report/evidently_parts.py", "pipelines/registry/mlflow_parts.py", "pipelines/runtime/copies.py"),
    ),
    "arguments of a command that calls a function: tests/pipelines/test_cli.py": (
        *("pipelines/commands/*", "pipelines/operations/functions.py"),
    ),
    "wiring of steps that are tested on their own; tests/scenarios and tests/faults run it whole": (
        *("pipelines/flows/monitoring.py", "pipelines/flows/reading.py", "pipelines/runtime/failpoints.py"),
        *("pipelines/runtime/pages.py", "pipelines/flows/following.py", "pipelines/flows/signals.py"),
    ),
    "outputs of predictions: tests/pipelines/predictions/outputs/test_table.py runs both engines": (
        *("pipelines/predictions/outputs/base.py", "pipelines/predictions/outputs/postgres.py"),
        "pipelines/predictions/outputs/duckdb.py",
    ),
    "parts of driftloop init: tests/pipelines/init/test_proposal.py, test_joined.py and test_scored.py": (
        *("pipelines/init/looking.py", "pipelines/init/pairing.py", "pipelines/init/templates.py"),
    ),
    "fitting by a library: tests/pipelines/training/test_fit.py runs every estimator": (
        *("pipelines/training/fit_*.py", "pipelines/training/in_child.py", "pipelines/training/rows.py"),
    ),
}


def length(node: ast.stmt) -> int:
    """The lines of a statement."""
    return int(node.end_lineno or node.lineno) - node.lineno + 1


def long_functions(source: str) -> dict[str, int]:
    """The functions of a module that are too long, with their lines. A docstring does not count."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = length(node)
            if ast.get_docstring(node, clean=False) is not None:
                lines -= length(node.body[0])
            if lines > LONGEST_FUNCTION:
                found[node.name] = lines
    return found


def test_no_module_is_long() -> None:
    """A module of more than 300 lines is split by concern."""
    assert len(MODULES) > 200
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_no_function_is_long() -> None:
    """A function of more than 60 lines is split; its docstring does not count."""
    found = {str(file.relative_to(ROOT)): long_functions(file.read_text()) for file in MODULES}
    assert {name: functions for name, functions in found.items() if functions} == {}


@pytest.mark.parametrize(("body", "docstring", "long"), [(59, 0, False), (60, 0, True), (55, 9, False), (60, 9, True)])
def test_a_docstring_does_not_make_a_function_long(body: int, docstring: int, long: bool) -> None:
    """The definition and its statements count, the lines of the docstring do not."""
    text = '    """' + "words\n" * (docstring - 1) + '"""\n' if docstring else ""
    source = "def example():\n" + text + "    x = 1\n" * body
    assert (long_functions(source) == {"example": body + 1}) == long


def test_every_module_that_decides_has_a_test_file_of_its_own() -> None:
    """A module's tests are at its path under tests/; each exception has a reason and is a module."""
    expected = {file.relative_to(ROOT) for file in MODULES if file.name != "__init__.py"}
    missing = {str(one) for one in expected if not (ROOT / "tests" / one.parent / f"test_{one.name}").is_file()}
    patterns = [pattern for patterns in WITHOUT_TWIN.values() for pattern in patterns]
    assert {one for one in missing if not any(fnmatch(one, pattern) for pattern in patterns)} == set()
    names = {str(one) for one in expected}
    assert [pattern for pattern in patterns if not any(fnmatch(one, pattern) for one in names)] == []


def test_judgement_does_not_import_the_config() -> None:
    """Not even for a type: what is judged gets values, or a Protocol that names the few it reads."""
    importing = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "monitoring").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "driftloop.monitoring.config"
    }
    assert importing == set()
