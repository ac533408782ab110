"""Command `driftloop notify`: test message to every URL of a config."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from driftloop.pipelines.commands.options import config_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json

FAILED = 1


@click.command()
@config_argument
@json_option
def notify(config: Path, as_json: bool) -> None:
    """Send a test notification to every URL of `notify.urls` and report which were delivered.

    Exits with 1 if one was not delivered.
    """
    from driftloop.monitoring.errors import ConfigError
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.notify import announce, notices

    project = load(config)
    if not project.notify.urls:
        raise ConfigError(
            str(project.file),
            "notify.urls",
            "no URL",
            expected="at least one URL to send to",
            remedy="add a URL, for example json://host/hook or slack://${SLACK_TOKEN}; see docs/service.md",
        )
    with only_json(as_json):
        sent = list(announce.deliveries(project.notify, notices.of_test(project.model)))
    if as_json:
        deliveries = [{"url": place, "delivered": why is None, "reason": why} for place, why in sent]
        say_json(json.dumps({"model": project.model, "notifications": deliveries}))
    else:
        for place, why in sent:
            say(f"{place}: {why or 'delivered'}")
    if any(why is not None for _, why in sent):
        sys.exit(FAILED)
