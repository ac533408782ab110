"""Private names of dependencies are used nowhere, and undocumented ones in one file per library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_tree import MODULES, ROOT

# The modules of each library that its documentation lists. A package is documented with its own `__all__`.
DOCUMENTED = {
    "apprise": {"apprise"},
    "duckdb": {"duckdb"},
    "evidently": {"evidently"},
    "ibis": {"ibis"},
    "mlflow": {
        *("mlflow", "mlflow.artifacts", "mlflow.data.pandas_dataset", "mlflow.entities", "mlflow.exceptions"),
        *("mlflow.entities.model_registry", "mlflow.models", "mlflow.pyfunc", "mlflow.types", "mlflow.types.schema"),
    },
    "prefect": {
        *("prefect", "prefect.artifacts", "prefect.cache_policies", "prefect.client.orchestration", "prefect.context"),
        *("prefect.client.schemas.actions", "prefect.client.schemas.filters", "prefect.client.schemas.objects"),
        *("prefect.client.schemas.responses", "prefect.client.schemas.schedules", "prefect.client.schemas.sorting"),
        *("prefect.deployments", "prefect.events", "prefect.events.actions", "prefect.events.schemas.automations"),
        *("prefect.exceptions", "prefect.results", "prefect.server.api.server", "prefect.settings", "prefect.states"),
        *("prefect.task_runners", "prefect.utilities.annotations", "prefect.utilities.callables"),
        *("prefect.flow_engine", "prefect.workers.process"),
    },
    "sklearn": {
        *("sklearn.base", "sklearn.compose", "sklearn.impute", "sklearn.linear_model", "sklearn.model_selection"),
        *(
            "sklearn",
            "sklearn.calibration",
            "sklearn.dummy",
            "sklearn.ensemble",
            "sklearn.exceptions",
            "sklearn.isotonic",
        ),
        *("sklearn.metrics", "sklearn.pipeline", "sklearn.preprocessing", "sklearn.tree", "sklearn.utils"),
    },
    "skops": {"skops.io"},
    "sqlglot": {"sqlglot", "sqlglot.errors"},
    "xgboost": {"xgboost", "xgboost.tracker"},
}
# Where each library's undocumented names are; each has a contract test.
PARTS = {
    "evidently": ("monitoring/report/evidently_parts.py", "tests/contracts/test_evidently.py"),
    "ibis": ("monitoring/sources/engines/ibis_parts.py", "tests/contracts/test_ibis.py"),
    "mlflow": ("pipelines/registry/mlflow_parts.py", "tests/contracts/test_mlflow.py"),
    "skops": ("pipelines/training/storage.py", "tests/contracts/test_estimators.py"),
}
# Undocumented attributes without an underscore, by the text of the expression's end.
ATTRIBUTES = {
    ".con.con": "ibis",
    ".compiler": "ibis",
    ".type_mapper": "ibis",
    ".context.get_metric": "evidently",
    ".metric_results": "evidently",
    ".__calculation_type__": "evidently",
}
# What has an underscore and is documented: Python's own `os._exit`.
ALLOWED = {"os._exit"}


def private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported, and the names from them that are private or modules themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if private(alias.name))


def private_names(source: str) -> list[str]:
    """Private names that a module imports or reaches by attribute or `getattr`, but for its own (`self`, `cls`)."""
    tree = ast.parse(source)
    found = [name for name in imported(tree) if private(name)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            found += [] if own or ast.unparse(node) in ALLOWED else [ast.unparse(node)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"getattr", "setattr"}:
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and private(name.value):
                found.append(ast.unparse(node))
    return found


def undocumented(source: str, place: str) -> list[str]:
    """Modules and attributes of dependencies that their documentation does not list, outside the library's file."""
    tree = ast.parse(source)
    allowed = {library for library, (file, _) in PARTS.items() if file == place}
    found = []
    for name in imported(tree):
        library = name.partition(".")[0]
        if library in DOCUMENTED and name not in DOCUMENTED[library] and library not in allowed:
            found.append(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            text = f".{ast.unparse(node)}"
            found += [text for end, library in ATTRIBUTES.items() if text.endswith(end) and library not in allowed]
    return found


@pytest.mark.parametrize(
    "source",
    [
        *("from mlflow._x import y", "import a._b", "from a import _b", "x._y", "x._y.z()", "getattr(x, '_y')"),
        "setattr(x, '_y', 1)",
    ],
)
def test_a_private_name_is_found(source: str) -> None:
    """However it is reached: by an import, an attribute or `getattr`."""
    assert private_names(source)


@pytest.mark.parametrize(
    "source",
    ["import mlflow.utils", "from evidently.legacy.core import A", "self.con.con", "x.con.con.f()", "a.compiler.b"],
)
def test_an_undocumented_name_is_found(source: str) -> None:
    """A module that the documentation does not list, or an attribute that we know of."""
    assert undocumented(source, "elsewhere.py")


def test_own_names_are_not_found() -> None:
    """A class uses its own private names, and documented modules are used anywhere."""
    source = "import mlflow\nfrom sklearn.base import is_regressor\nself._own = other.con\nx.__dict__\nos._exit(1)"
    assert private_names(source) == undocumented(source, "elsewhere.py") == []


def test_no_private_name_is_used() -> None:
    """No module reaches into a private name of another, of a dependency or of our own."""
    found = {str(file.relative_to(ROOT)): private_names(file.read_text()) for file in MODULES}
    assert {place: names for place, names in found.items() if names} == {}


def test_undocumented_names_are_in_the_file_of_their_library() -> None:
    """Each library has one file for what its documentation does not promise, and a contract test for that file."""
    places = {str(file.relative_to(ROOT)): file for file in MODULES}
    found = {place: undocumented(file.read_text(), place) for place, file in places.items()}
    assert {place: names for place, names in found.items() if names} == {}
    for place, contract in PARTS.values():
        assert undocumented(Path(ROOT / place).read_text(), "elsewhere.py"), f"{place} has nothing undocumented"
        assert (ROOT / contract).is_file()
