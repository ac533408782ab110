"""Command `driftloop worker`: a worker of a Prefect pool that runs checks without starting a process for each."""

from __future__ import annotations

import click

from driftloop.pipelines.runtime.terminal import log_to_stderr


@click.command()
@click.option("--pool", default="driftloop", show_default=True, help="Name of the work pool.")
@click.option("--name", help="Name of the worker in Prefect; default: a random one.")
@click.option(
    "--limit", type=click.IntRange(1, 64), default=2, show_default=True, help="Maximum number of concurrent runs."
)
def worker(pool: str, name: str | None, limit: int) -> None:
    """Run what the Prefect server schedules, with checks in this process instead of a new one for each.

    It replaces `prefect worker start` for the deployments of `driftloop deploy`. Training runs get a process of their
    own. Any number of workers may share a pool. After SIGTERM or Ctrl-C it waits for running checks.
    """
    log_to_stderr()
    from driftloop.pipelines.server.worker import serve

    serve(pool, name=name, limit=limit)
