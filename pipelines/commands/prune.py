"""Command `driftloop prune`: remove old reports, cached results, predictions and runs now."""

from __future__ import annotations

from pathlib import Path

import click

from driftloop.pipelines.commands.options import configs_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@configs_argument
@json_option
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
def prune(configs: tuple[Path, ...], as_json: bool, dry_run: bool) -> None:
    """Remove what is older than `retention` of these configs: reports, results, predictions, runs of checks.

    So are models of the history that the archive does not keep any more. Checks do this once per day. What a version,
    an open request, the archive or a rollback needs is kept, as is the ledger with every decision.
    """
    from contextlib import closing

    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.runtime import home

    projects = [load(config) for config in configs]
    home.prepare()
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines.requests import pruning

    with only_json(as_json), closing(Ledger(home.ledger_url())) as ledger:
        removed = pruning.prune(projects, ledger, dry_run=dry_run)
    if as_json:
        say_json({"dry_run": dry_run, "removed": [removal.model_dump(mode="json") for removal in removed]})
        return
    verb = "would remove" if dry_run else "removed"
    for removal in removed:
        size = f", {removal.bytes / 1e6:.2f} MB" if removal.bytes else ""
        say(f"{removal.kind:10}  {removal.name}  ({removal.age_days:,.1f} days old{size})")
    count, total = len(removed), sum(removal.bytes for removal in removed) / 1e6
    say(
        f"{verb} {count:,} reports, results, predictions, runs and versions, {total:,.1f} MB of files"
        if count
        else "nothing to remove"
    )
