"""Formatting of validation errors for the user: pydantic's list of errors becomes one `ConfigError`."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError

from driftloop.monitoring.errors import ConfigError, ValidationProblem, clipped, listed, suggestion
from driftloop.monitoring.settings.secrets import without_passwords, written_out
from driftloop.monitoring.settings.section import Section

Place = tuple[int | str, ...]
# Python refuses to spell numbers of more than 4,300 digits.
MOST_BITS = 4_000
CORRECT = "correct the value; `docs/config.md` lists every key"
# Sections of several kinds, by the key that names the kind.
TAGS = {"policy": "{policy: cooldown, days: 14}", "loss": "{loss: mae}", "metric": "{metric: roc_auc}"}
# What pydantic calls each kind of error, and what a YAML needs there. `{}` is filled from the error's context.
EXPECTED = {
    "missing": "a value",
    "invalid_key": "a key that is text",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length:,} characters",
    "string_pattern_mismatch": "1 to 100 letters, digits and _ . -, starting with a letter or a digit",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "too_short": "at least {min_length} in the list",
    "literal_error": "{expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "union_tag_not_found": "a section that names its kind",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:,.15g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:,.15g}",
}


def config_error(file: Path, error: ValidationError, model: type[Section]) -> ConfigError:
    """Report the most helpful error in full, and the keys of the others."""
    every = error.errors(include_url=False)
    above = {one["loc"][:length] for one in every for length in range(1, len(one["loc"]))}
    # A refused item also makes its list too short: that is not a separate error.
    details = [one for one in every if one["loc"] not in above]
    first = next((one for one in details if one["type"] == "extra_forbidden"), details[0])
    others = [_key(_untagged(model, one["loc"])) or "the whole file" for one in details if one is not first]
    found, expected, remedy, key = _describe(first, model)
    more = f" (and {len(others)} more: {listed(others, 3)})" if others else ""
    return ConfigError(str(file), key, found, expected=expected, remedy=remedy + more)


def _describe(error: Mapping[str, Any], model: type[Section]) -> tuple[str, str, str, str]:
    kind, place, context = error["type"], error["loc"], error.get("ctx", {})
    key, found, remedy = _key(_untagged(model, place)), shown(error["input"]), CORRECT
    if place[:1] == ("notify",) and isinstance(error["input"], str):
        found = "a text"  # any part of it may be a token
    expected = EXPECTED.get(kind, "").format(**context) or error["msg"].removeprefix("Value error, ")
    problem = context.get("error")
    if isinstance(problem, ValidationProblem):
        key = ".".join(part for part in (key, problem.key) if part)
        return problem.found or found, problem.expected, problem.remedy or remedy, key
    if kind == "extra_forbidden":
        known = _known_keys(model, place[:-1])
        found, expected = "an unknown key", f"one of the keys {listed(known, 30)}" if known else "no key here"
        remedy = "remove it, or correct its spelling." + suggestion(str(place[-1]), known)
    elif kind == "invalid_key":
        key, found = _key(place[:-1]), f"{shown(error['input'])} as a key"
        remedy = "put it in quotes: YAML reads yes, no, on and off as true and false"
    elif kind == "missing":
        found, remedy = "is missing", "add the key; `driftloop init DATA` writes a whole file"
    elif kind == "union_tag_invalid":
        word = _word(context)
        key = f"{key}.{word}" if word in TAGS and not key.endswith("]") else key
        found = f"no {word} {shown(context['tag'])}"
        remedy = "correct the name." + suggestion(str(context["tag"]), re.findall(r"'([^']+)'", expected))
    elif kind == "union_tag_not_found":
        word = _word(context)
        found, expected = f"no {word} is named", f"a {word}, such as {TAGS[word]}"
        remedy = f"write {'- ' if key.endswith(']') else ''}{word}: NAME, and its parameters below"
    elif kind == "literal_error":
        near = suggestion(error["input"], re.findall(r"'([^']+)'", expected)) if isinstance(error["input"], str) else ""
        remedy = "correct the value." + near
    elif kind == "string_type" and isinstance(error["input"], bool):
        remedy = "put it in quotes: YAML reads yes, no, on and off as true and false"
    elif kind in {"tuple_type", "list_type"} and isinstance(error["input"], str):
        # As it is written, if it is short and holds no secret.
        plain = error["input"] if found == repr(error["input"]) else "..."
        remedy = f"put it in brackets: [{plain}]"
    elif kind == "model_attributes_type" and isinstance(error["input"], str):
        plain = error["input"] if found == repr(error["input"]) else "NAME"
        listed_as, word = ("- ", "policy") if key.endswith("]") else ("", "loss" if key == "performance" else "")
        remedy = f"write it with its key: {listed_as}{word}: {plain}" if word else remedy
    return found, expected, remedy, key


def shown(value: object) -> str:
    """Spell a value as YAML does, without the secrets of a URL and not longer than a line.

    >>> shown(True), shown(None), shown({"a": 1}), shown("postgres://me:secret@host/db")
    ('true', 'nothing', 'keys with values', "'postgres://me:***@host/db'")
    """
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return "a whole number of thousands of digits"
    if isinstance(value, str) and (secret := written_out(value)) not in {None, "a password"}:
        return clipped(f"a text with {secret}")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return clipped(without_passwords(repr(value)))
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    named = {True: "true", False: "false", None: "nothing"}
    return named[value] if value is None or isinstance(value, bool) else f"a {type(value).__name__}"


def _key(place: Place) -> str:
    """Spell a place in the file: `policies.triggers[0].max_rise`. After an index pydantic puts in the union's side."""
    spelled = ""
    for at, part in enumerate(place):
        if isinstance(part, int):
            spelled += f"[{part}]"
        elif not (at and isinstance(place[at - 1], int)):
            name = clipped(str(part))
            spelled += f".{name}" if spelled else name
    return spelled


def _word(context: Mapping[str, Any]) -> str:
    """The key that names the kind of a section of several kinds."""
    return str(context["discriminator"]).strip("'")


def _untagged(model: type[Section], place: Place) -> Place:
    """Leave out the kinds of sections, which pydantic puts after their keys: `performance.huber.delta`."""
    kinds: list[Any] = [model]
    kept: list[int | str] = []
    for part in place:
        named = {_tag(kind) for kind in kinds}
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
        # After an index `_key` leaves it out.
        if part not in named or (kept and isinstance(kept[-1], int)):
            kept.append(part)
    return tuple(kept)


def _known_keys(model: type[Section], place: Place) -> list[str]:
    """List the field names at a place in the config."""
    kinds: list[Any] = [model]
    for part in place:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
    return [name for section in sections for name in section.model_fields if (section, name) != (model, "file")]


def _step(kind: Any, part: int | str) -> Iterable[Any]:
    if isinstance(kind, type) and issubclass(kind, Section):
        if part in kind.model_fields:
            return _flat(kind.model_fields[str(part)].annotation)
        return [kind] if _tag(kind) == part else []
    inside = get_args(kind)
    return _flat(inside[1] if get_origin(kind) is dict else inside[0]) if inside else []


def _tag(kind: Any) -> str | None:
    """How a section is named where several kinds are possible."""
    fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, Section) else {}
    return next((fields[name].default for name in TAGS if name in fields), None)


def _flat(annotation: Any) -> list[Any]:
    """Take off what is wrapped around a type: `Annotated`, and the sides of a union."""
    if get_origin(annotation) is Annotated:
        return _flat(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [inner for side in get_args(annotation) for inner in _flat(side)]
    return [annotation]
