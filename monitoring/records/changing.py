"""A copy of a record or of a config section with other values: names and values are validated, as in a new one."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def changed(model: AnyModel, /, **values: Any) -> AnyModel:
    """Return a copy with these fields changed. A name or value that the model does not admit is a ValidationError.

    pydantic's own `model_copy(update=...)` validates neither, and keeps what `cached_property` computed from the
    values of before. Rules between fields are not checked: the config of an old model need not pass all rules of today.
    """
    part = _part(type(model), frozenset(values)).model_validate(values)
    copy = model.model_copy(update={name: getattr(part, name) for name in values})
    for name in copy.__dict__.keys() - type(model).model_fields.keys():
        del copy.__dict__[name]  # a cached property
    return copy


@cache
def _part(kind: type[BaseModel], names: frozenset[str]) -> type[BaseModel]:
    """A model of these fields alone, as `kind` declares them."""
    fields = {name: (field.annotation, field) for name, field in kind.model_fields.items() if name in names}
    config: ConfigDict = {**kind.model_config, "extra": "forbid", "title": kind.__name__}
    made: type[BaseModel] = create_model(kind.__name__, __config__=config, **fields)  # type: ignore[call-overload]
    return made
