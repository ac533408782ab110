"""`driftloop demo`: a year of flights through the whole loop."""

from __future__ import annotations

import click


@click.command()
@click.option("--weeks", type=click.IntRange(1, 44), default=44, show_default=True, help="How many weeks to replay.")
def demo(weeks: int) -> None:
    """A year of New York flights through the whole loop: checks, retrains, reports."""
    from driftloop.pipelines.operations.demo import run

    run(weeks)
