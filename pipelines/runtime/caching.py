"""The key of a task whose result is kept: made of content (rows, champion, settings), never of time.

A result of another driftloop, or of other libraries, has another key. One that does not fit its types is passed over.
"""

from __future__ import annotations

from typing import Any, get_type_hints

from prefect.context import TaskRunContext
from prefect.results import get_result_store

from driftloop.pipelines.runtime.fingerprint import fingerprint, fits


def by_content(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """Return the key of a result: its task, the caller's `key`, and the fingerprint of its types and versions.

    Prefect computes a result again if it cannot be read. One that can be read and does not fit, such as a record that
    lacks a field, would fail the check: the next free key is taken instead.
    """
    returned = get_type_hints(context.task.fn)["return"]
    config = parameters.get("config")
    made_by = fingerprint(returned, config.training.estimator if config is not None else "")
    key = f"driftloop-{context.task.name}-{made_by}-{parameters['key']}".replace(" ", "-")
    copy = 1
    while not _usable(candidate := key if copy == 1 else f"{key}-{copy}", returned):
        copy += 1
    return candidate


def _usable(key: str, returned: Any) -> bool:
    """Whether a key is free, or has a result of this type."""
    try:
        record = get_result_store().read(key)
    except Exception:
        return True  # nothing is there, or nothing that Prefect could read either
    return fits(record.result, returned)
