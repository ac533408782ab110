"""`driftloop deploy`: the models as deployments of a Prefect server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from driftloop.pipelines.commands.options import Duration, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--pool", default="driftloop", show_default=True, help="The work pool; a process pool if it is new.")
@click.option(
    "--sweep",
    type=Duration(),
    default="5m",
    show_default=True,
    help="How often requests that nobody works on are looked for.",
)
@json_option
def deploy(configs: tuple[Path, ...], pool: str, sweep: timedelta, as_json: bool) -> None:
    """Put every model of CONFIGS (folders or files) on the Prefect server of PREFECT_API_URL.

    For each model a deployment monitoring/MODEL with its schedule and a deployment training/MODEL, which an event
    starts when a check asks for a retrain. A second time it says what is unchanged. Workers see the config files under
    the same paths, and have the same MLFLOW_TRACKING_URI and DRIFTLOOP_LEDGER_URL, or the same DRIFTLOOP_HOME.
    """
    from driftloop.pipelines.runtime import home
    from driftloop.pipelines.server.models import projects

    wanted = projects(configs)
    with only_json(as_json):
        home.prepare()
        from driftloop.pipelines.server.server import deploy as put

        done = put(wanted, pool, sweep)
    if as_json:
        say_json({"pool": pool, "done": [one.model_dump() for one in done]})
        return
    for one in done:
        say(f"{one.state:<9} {one.what:<10} {one.name}" + (f"  {one.schedule}" if one.schedule else ""))
    say(f"next: prefect worker start --pool {pool}, where there is none yet")
