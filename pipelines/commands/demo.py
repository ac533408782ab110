"""Command `driftloop demo`: replay of a year of flights."""

from __future__ import annotations

import click


@click.command()
@click.option("--weeks", type=click.IntRange(1, 44), default=44, show_default=True, help="Number of weeks to replay.")
def demo(weeks: int) -> None:
    """Replay a year of New York flights: checks, retrains, reports."""
    from driftloop.pipelines.operations.demo import run

    run(weeks)
