"""`driftloop doctor`: is all well, and what was mended."""

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
    """Check the parts and the stores, end runs of dead processes, bring back a lost champion, and say so.

    Exits with 1 if something is wrong that it cannot mend.
    """
    from driftloop.pipelines.flows.warmup import prefect_ready

    with only_json(as_json), prefect_ready():
        from driftloop.pipelines.operations.doctor import examine

        found = examine(datetime.now(UTC))
    wrong = any(one.state == "wrong" for one in found)
    if as_json:
        say_json({"ok": not wrong, "found": [one.model_dump() for one in found]})
    else:
        for one in found:
            say(f"{one.state:<7} {one.what}: {' '.join(one.said.split())}")
    if wrong:
        sys.exit(FAILED)
