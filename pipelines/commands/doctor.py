"""Command `driftloop doctor`: problems found and repaired."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json

FAILED = 1


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check dependencies and stores, close orphaned runs, restore a missing champion.

    Exits with 1 if a problem cannot be repaired automatically.
    """
    from driftloop.pipelines.flows.warmup import prefect_ready

    with only_json(as_json), prefect_ready():
        from driftloop.pipelines.operations.doctor import examine

        results = examine(datetime.now(UTC))
    wrong = any(result.state == "wrong" for result in results)
    if as_json:
        say_json({"ok": not wrong, "found": [result.model_dump() for result in results]})
    else:
        for result in results:
            say(f"{result.state:<8} {result.what}: {' '.join(result.message.split())}")
    if wrong:
        sys.exit(FAILED)
