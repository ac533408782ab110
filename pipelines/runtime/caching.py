"""Cache keys of task results: derived from content (rows, champion, settings), never from time.

A result of another version of driftloop, or of other libraries, has another key. A result with wrong types is ignored.
"""

from __future__ import annotations

from typing import Any, get_type_hints

from prefect.context import TaskRunContext
from prefect.results import get_result_store

from driftloop.pipelines.runtime.fingerprint import fingerprint, fits


def by_content(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """Return the key of a result: its task, the caller's `key`, and the fingerprint of its types and versions.

    Prefect computes a result again if it cannot be read. A readable result of a wrong type, such as a record without
    a field, would fail the check: the next free key is used instead.
    """
    returned = get_type_hints(context.task.fn)["return"]
    config = parameters.get("config")
    origin = fingerprint(returned, config.training.estimator if config is not None else "")
    key = f"driftloop-{context.task.name}-{origin}-{parameters['key']}".replace(" ", "-")
    copy = 1
    while not _usable(candidate := key if copy == 1 else f"{key}-{copy}", returned):
        copy += 1
    return candidate


def _usable(key: str, returned: Any) -> bool:
    """Return whether a key is free, or has a result of this type."""
    try:
        record = get_result_store().read(key)
    except Exception:
        return True  # no result, or one that Prefect cannot read either
    return fits(record.result, returned)
