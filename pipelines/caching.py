"""The cache key of a task whose result is kept: made of content (rows, champion, settings), never of time."""

from __future__ import annotations

from typing import Any

from prefect.context import TaskRunContext

FORMAT = "3"


def by_content(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """The cache key that the caller made of content: its parameter `key`."""
    return f"driftloop-{FORMAT}-{context.task.name}-{parameters['key']}".replace(" ", "-")
