"""Fingerprint of a cached result: the shape of its types, and the versions of the libraries that compute it.

A cache on disk outlives an upgrade. Its keys contain this fingerprint, so that an upgraded driftloop computes again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import types
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral, Real
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

# Libraries whose code determines numbers. The others transport, store or show them.
COMPUTING = (
    *("duckdb", "evidently", "ibis-framework", "numpy", "pandas", "pyarrow"),
    *("scikit-learn", "scipy", "skops", "sqlglot", "xgboost"),
)


# A scalar of numpy is a number too.
NUMBERS: dict[Any, type] = {float: Real, int: Integral}


@cache
def fingerprint(kind: Any, estimator: str = "") -> str:
    """Return a digest of a result's types, of the versions of driftloop and its libraries, and of the estimator's.

    `estimator` is the config's `training.estimator`: its package may not be a dependency of driftloop.
    """
    installed = (f"{name} {_version(name)}" for name in ("driftloop", *COMPUTING, _package(estimator)) if name)
    return hashlib.sha256("\x1f".join((shape(kind), *installed)).encode()).hexdigest()[:16]


def shape(kind: Any) -> str:
    """Write out a type with all its fields, so that a change of any nested field changes the text.

    >>> shape(dict[str, float] | None)
    'Union[dict[str, float], NoneType]'
    """
    return _shape(kind, ())


def fits(value: Any, kind: Any) -> bool:
    """Return whether a value has a type in full: an object that an older version stored may lack a field.

    >>> fits((1, "a"), tuple[int, str]), fits((1, None), tuple[int, str])
    (True, False)
    """
    kind, arguments = _plain(kind), get_args(_plain(kind))
    origin = get_origin(kind) or kind
    if origin is Any or isinstance(origin, TypeVar):
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, choice) for choice in arguments)
    if origin is Literal:
        return value in arguments
    return isinstance(value, NUMBERS.get(origin, origin)) and _content_fits(value, origin, arguments)


def _content_fits(value: Any, origin: type, arguments: tuple[Any, ...]) -> bool:
    """Return whether the fields, members or items of an instance of `origin` have their types as well."""
    fields = _fields(origin)
    if fields is not None:
        return vars(value).keys() >= fields.keys() and all(fits(vars(value)[name], fields[name]) for name in fields)
    if not arguments:
        return True
    if isinstance(value, Mapping):
        return all(fits(key, arguments[0]) and fits(item, arguments[1]) for key, item in value.items())
    if isinstance(value, tuple) and arguments[-1] is not Ellipsis:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    return not isinstance(value, tuple | list | set | frozenset) or all(fits(item, arguments[0]) for item in value)


def _shape(kind: Any, within: tuple[Any, ...]) -> str:
    kind, arguments = _plain(kind), get_args(_plain(kind))
    origin = get_origin(kind) or kind
    name = _name(origin)
    fields = _fields(origin)
    if fields is not None and origin not in within:
        members = (f"{field}: {_shape(inner, (*within, origin))}" for field, inner in sorted(fields.items()))
        return f"{name}({', '.join(members)})"
    if origin is Literal:
        return f"Literal{sorted(map(repr, arguments))}"
    inner = ", ".join(_shape(argument, within) for argument in arguments)
    return f"{name}[{inner}]" if inner else name


def _plain(kind: Any) -> Any:
    """Return the type without alias and annotations."""
    while hasattr(kind, "__metadata__") or hasattr(kind, "__value__"):
        kind = kind.__origin__ if hasattr(kind, "__metadata__") else kind.__value__
    return kind


def _name(origin: Any) -> str:
    if origin in (Union, types.UnionType):
        return "Union"
    if not isinstance(origin, type):
        return str(origin)
    return origin.__qualname__ if origin.__module__ == "builtins" else f"{origin.__module__}.{origin.__qualname__}"


def _fields(kind: Any) -> dict[str, Any] | None:
    """Return the fields of a record or a dataclass with their types; None for other types."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return None


def _package(estimator: str) -> str:
    """Return the top package of an estimator's dotted name.

    >>> _package("lightgbm:LGBMRegressor"), _package("xgboost")
    ('lightgbm', '')
    """
    module, colon, _ = estimator.partition(":")
    return module.partition(".")[0] if colon else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"  # run from its source, or a module next to the YAML
