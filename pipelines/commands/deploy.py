"""Command `driftloop deploy`: models as deployments of a Prefect server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from driftloop.pipelines.commands.options import Duration, configs_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@configs_argument
@click.option(
    "--pool",
    default="driftloop",
    show_default=True,
    help="Name of the work pool; created as a process pool if it is missing.",
)
@click.option(
    "--sweep",
    type=Duration(),
    default="5m",
    show_default=True,
    help="Interval for picking up unclaimed requests.",
)
@json_option
def deploy(configs: tuple[Path, ...], pool: str, sweep: timedelta, as_json: bool) -> None:
    """Deploy every model of CONFIGS (folders or files) to a Prefect server.

    The server is PREFECT_API_URL. Each model gets a deployment monitoring/MODEL with its schedule and a deployment
    training/MODEL, which an event starts when a check requests a retrain. Run it again after a change: it prints what
    is new, updated or unchanged. Workers need the config files under the same paths, and the same MLFLOW_TRACKING_URI
    and DRIFTLOOP_LEDGER_URL, or the same DRIFTLOOP_HOME.
    """
    from driftloop.pipelines.runtime import home
    from driftloop.pipelines.server.models import projects

    models = projects(configs)
    with only_json(as_json):
        home.prepare()
        from driftloop.pipelines.server.server import deploy as put

        done = put(models, pool, sweep)
    if as_json:
        say_json({"pool": pool, "done": [result.model_dump() for result in done]})
        return
    for result in done:
        say(f"{result.state:<9} {result.what:<10} {result.name}" + (f"  {result.schedule}" if result.schedule else ""))
    say(f"next: prefect worker start --pool {pool}, unless a worker is running")
