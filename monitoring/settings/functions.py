"""Functions of the user that a config names as `module:function`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import suggestion

if TYPE_CHECKING:
    from driftloop.monitoring.errors import EstimatorError

EXPECTED = "module:function, in a module next to the YAML or on the Python path"


def find(path: str, key: str, error: type[EstimatorError]) -> Callable[..., Any]:
    """Import and return the function at `module:function`, which `key` of the config names.

    Raises `error` with the reason if the module cannot be imported or has no such function.
    """
    module_name, _, name = path.partition(":")
    try:
        module = import_module(module_name)
    except Exception as raised:  # the module of the user may raise anything while it is imported
        raise error(
            path,
            f"the module {module_name!r} cannot be imported: {type(raised).__name__}: {raised}",
            expected=EXPECTED,
            remedy=f"correct {key}, install the module, or add its folder to PYTHONPATH",
        ) from raised
    function = getattr(module, name, None)
    if not callable(function):
        there = [other for other in dir(module) if callable(getattr(module, other)) and not other.startswith("_")]
        raise error(
            path,
            f"the module {module_name!r} has no function {name!r}",
            expected=EXPECTED,
            remedy=f"correct {key}." + suggestion(name, there),
        )
    return function  # type: ignore[no-any-return]
