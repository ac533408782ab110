"""Command `driftloop promote`: manual approval or rejection of a challenger that is pending or in shadow."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json, state_of
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@click.argument("model")
@click.argument("version")
@json_option
@click.option("--decline", metavar="WHY", help="Reject the challenger for this reason; keep the champion.")
def promote(model: str, version: str, as_json: bool, decline: str | None) -> None:
    """Promote or reject the challenger VERSION that is pending approval. MODEL: its name, or its YAML.

    With `promotion: manual` in the config a challenger that passed the gate waits under the alias 'challenger'. It can
    replace only the champion that it was compared with at the gate. With `promotion: {shadow: N}` it is scored next to
    the champion under the alias 'shadow': this command decides before its verdict.
    """
    from driftloop.pipelines.config.elsewhere import refuse_elsewhere
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.requests.approval import answer
    from driftloop.pipelines.runtime import home

    if state_of(model):
        project = load(model)
        refuse_elsewhere(project, "promote")
        model = project.model
    home.prepare()
    with only_json(as_json):
        done = answer(model, version, decline)
    if done.site:
        say(done.site, err=True)
    if as_json:
        say_json(done.model_dump(include={"model", "version", "promoted", "previous"}))
    else:
        say(done.message)
