"""Copy of a record or config section with other values, with validated names and values."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def changed(model: AnyModel, /, **values: Any) -> AnyModel:
    """Return a copy with these fields changed; an invalid name or value raises a ValidationError.

    pydantic's `model_copy(update=...)` validates neither, and keeps a `cached_property` of the old values. Rules
    between fields are not checked: the config of an old model need not pass all current rules.
    """
    part = _part(type(model), frozenset(values)).model_validate(values)
    copy = model.model_copy(update={name: getattr(part, name) for name in values})
    for name in copy.__dict__.keys() - type(model).model_fields.keys():
        del copy.__dict__[name]  # a cached property
    return copy


@cache
def _part(model: type[BaseModel], names: frozenset[str]) -> type[BaseModel]:
    """Return a model with these fields alone, as `model` declares them."""
    fields = {name: (field.annotation, field) for name, field in model.model_fields.items() if name in names}
    config: ConfigDict = {**model.model_config, "extra": "forbid", "title": model.__name__}
    part: type[BaseModel] = create_model(model.__name__, __config__=config, **fields)  # type: ignore[call-overload]
    return part
