"""Command `driftloop notify`: last delivery to every URL of a config, and test notifications."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import click

from driftloop.pipelines.commands.options import config_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json

FAILED = 1


@click.command()
@config_argument
@click.option("--test", "test", is_flag=True, help="Send a test notification to every URL now.")
@json_option
def notify(config: Path, test: bool, as_json: bool) -> None:
    """Show the last delivery to every URL of `notify.urls`; with --test, send a test and report which URLs took it.

    With --test it exits with 1 if a test was not delivered.
    """
    from driftloop.monitoring.errors import ConfigError
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.notify import announce, delivered
    from driftloop.pipelines.runtime import home

    project = load(config)
    if not project.notify.urls:
        raise ConfigError(
            str(project.file),
            "notify.urls",
            "no URL",
            expected="at least one URL to send to",
            remedy="add a URL, for example json://host/hook or slack://${SLACK_TOKEN}; see docs/service.md",
        )
    with only_json(as_json), closing(Ledger(home.ledger_url())) as ledger:
        sent = announce.send_test(project.notify, project.model, ledger) if test else []
        known = {one.url: one for one in delivered.last(ledger.events(project.model, kinds=delivered.KINDS, most=200))}
    if as_json:
        tests = [{"url": place, "delivered": why is None, "reason": why} for place, why in sent]
        last = [one.model_dump(mode="json") for one in known.values()]
        say_json(json.dumps({"model": project.model, "notifications": tests, "last": last}))
    elif test:
        for place, why in sent:
            say(f"{place}: {why or 'delivered'}")
    else:
        for place in announce.places(project.notify):
            say(str(known[place]) if place in known else f"{place}: nothing sent yet; --test sends a test notification")
    if any(why is not None for _, why in sent):
        sys.exit(FAILED)
