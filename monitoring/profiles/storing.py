"""Profiles in one file: arrays of all columns end to end, a JSON header, nothing that can run code when it is read."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from driftloop.monitoring.profiles.building import Profile, Profiles
from driftloop.monitoring.profiles.errors import ProfileUnreadable
from driftloop.monitoring.profiles.levels import CategoricalProfile
from driftloop.monitoring.profiles.numbers import NumericProfile

VERSION = 1
FLOATS = ("fence_low", "fence_high", "spread", "low", "high", "m2")


def save(profiles: Profiles, path: Path | str) -> None:
    """Write profiles to one file, whole or not at all."""
    header = {"version": VERSION, "rows": profiles.rows, "columns": [_described(*item) for item in profiles.items()]}
    both = list(profiles.values())
    numeric = [one for one in both if isinstance(one, NumericProfile)]
    kind: type = np.float64 if profiles.weighted else np.int64
    path = Path(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("wb") as file:
        np.savez_compressed(
            file,
            header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            edges=_joined([one.edges for one in numeric], np.float64),
            sums=_joined([one.sums for one in numeric], np.float64),
            floats=np.array([[getattr(one, name) for name in FLOATS] for one in numeric]).reshape(-1, len(FLOATS)),
            counts=_joined([one.counts for one in both], kind),
            blocks=_joined([one.blocks.ravel() for one in both if one.blocks is not None], kind),
        )
    draft.replace(path)


def load(path: Path | str | BinaryIO) -> Profiles:
    """Read what `save` wrote, a file or its open content, equal to the last bit; else raise `ProfileUnreadable`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("header", "edges", "sums", "floats", "counts", "blocks")}
        header = json.loads(arrays["header"].tobytes())
    except FileNotFoundError:
        raise ProfileUnreadable(str(path), "there is no such file") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, TypeError) as error:
        raise ProfileUnreadable(str(path), str(error)) from error
    if header.get("version") != VERSION:
        raise ProfileUnreadable(str(path), f"it has version {header.get('version')}, not {VERSION}")
    take = {name: _Taken(array) for name, array in arrays.items() if name not in ("header", "floats")}
    floats = iter(arrays["floats"].tolist())
    columns: dict[str, Profile] = {}
    for column in header["columns"]:
        columns[column["name"]] = (
            _numeric(column, take, next(floats)) if "edges" in column else _categorical(column, take)
        )
    return Profiles(header["rows"], columns)


class _Taken:
    """Arrays cut off the front of a long one, in the order in which they were put there."""

    def __init__(self, array: np.ndarray) -> None:
        self._array, self._at = array, 0

    def __call__(self, many: int) -> Any:
        self._at += many
        return self._array[self._at - many : self._at]


def _numeric(column: dict[str, Any], take: dict[str, _Taken], floats: list[float]) -> NumericProfile:
    width = column["edges"] + 1
    return NumericProfile(
        edges=take["edges"](column["edges"]),
        sums=take["sums"](width),
        counts=take["counts"](width),
        nulls=column["nulls"],
        infinite=column["infinite"],
        blocks=_blocks(column, take, width + 1),
        **dict(zip(FLOATS, floats, strict=True)),
    )


def _categorical(column: dict[str, Any], take: dict[str, _Taken]) -> CategoricalProfile:
    width = len(column["levels"])
    return CategoricalProfile(
        levels=tuple(column["levels"]),
        distinct=column["distinct"],
        singletons=column["singletons"],
        counts=take["counts"](width),
        other=column["other"],
        nulls=column["nulls"],
        blocks=_blocks(column, take, width + 2),
    )


def _blocks(column: dict[str, Any], take: dict[str, _Taken], width: int) -> Any:
    many = column["blocks"]
    return None if many is None else take["blocks"](many * width).reshape(many, width)


def _described(name: str, profile: Profile) -> dict[str, Any]:
    column = {"name": name, "nulls": profile.nulls, "blocks": None if profile.blocks is None else len(profile.blocks)}
    if isinstance(profile, NumericProfile):
        return column | {"edges": len(profile.edges), "infinite": profile.infinite}
    facts = ("levels", "distinct", "singletons", "other")
    return column | {fact: getattr(profile, fact) for fact in facts}


def _joined(arrays: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=kind)
