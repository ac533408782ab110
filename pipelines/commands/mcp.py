"""Command `driftloop mcp`: a server of the Model Context Protocol, read-only, on stdin and stdout."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mcp.server import MCPServer

INSTRUCTIONS = (
    "Answers about tabular models that driftloop watches: status, drift, loss, decisions to retrain and their reasons. "
    "Begin with `models`. Nothing can be changed by these tools. Quote the numbers and reasons as they are."
)


@click.command()
def mcp() -> None:
    """Answer questions of an assistant about the models, by the Model Context Protocol on stdin and stdout.

    Tools: models, status, history, why_not_retrained, what_changed, expected_gain. They read the ledger and MLflow, and
    change nothing. Needs the extra `mcp`.
    """
    server().run()


def server() -> MCPServer:
    """Return the server with its tools; `ExtraMissing` without the package `mcp`."""
    try:
        from mcp.server import MCPServer
    except ImportError as error:
        from driftloop.monitoring.errors import ExtraMissing

        raise ExtraMissing("driftloop mcp", "mcp", "mcp") from error
    from mcp.types import ToolAnnotations

    from driftloop.pipelines.operations import answers, functions
    from driftloop.pipelines.runtime import home

    home.prepare()

    def models() -> list[dict[str, Any]]:
        """List all models: champion, last check with outcome and reason, drift, loss, last retrain."""
        return functions.status()

    def status(model: str) -> dict[str, Any]:
        """Show one model: champion, age, last check with outcome and reason, drift, loss, last retrain."""
        return functions.status(model)[0]

    def history(model: str, most: int = 20) -> list[dict[str, Any]]:
        """List the newest events of a model, oldest first: checks, retrains, promotions, with reasons."""
        return [event.model_dump(mode="json") for event in functions.history(model, most=most)]

    tools: dict[str, Callable[..., Any]] = {
        "models": models,
        "status": status,
        "history": history,
        "why_not_retrained": answers.why,
        "what_changed": answers.changes,
        "expected_gain": answers.gain,
    }
    made = MCPServer("driftloop", instructions=INSTRUCTIONS)
    for name, function in tools.items():
        made.add_tool(
            _with_reasons(function),
            name=name,
            annotations=ToolAnnotations(read_only_hint=True),
            structured_output=False,
        )
    return made


def _with_reasons(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the assistant read our errors, which explain themselves; it sees of others that the tool failed."""
    from mcp.server.mcpserver.exceptions import ToolError

    from driftloop.monitoring.errors import DriftloopError
    from driftloop.monitoring.settings.secrets import without_passwords

    @functools.wraps(function)
    def answered(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except DriftloopError as error:
            raise ToolError(without_passwords(str(error))) from error

    return answered
