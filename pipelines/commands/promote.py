"""`driftloop promote`: a person lets a waiting challenger take over, or sends it away."""

from __future__ import annotations

import json
from contextlib import closing

import click

from pipelines.commands.options import json_option, only_json


@click.command()
@click.argument("model")
@click.argument("version")
@json_option
@click.option("--decline", metavar="WHY", help="Send it away instead; the champion stays.")
def promote(model: str, version: str, as_json: bool, decline: str | None) -> None:
    """Let the challenger VERSION, which waits for approval, take over. MODEL: its name, or its YAML.

    With `promotion: manual` in the config a challenger that the gate has passed waits under the alias 'challenger'. It
    takes over only from the champion that it was proven against.
    """
    from monitoring.ledger import Ledger
    from pipelines import home, promotion, site
    from pipelines.config import load

    if model.endswith((".yaml", ".yml")):
        model = load(model).model
    home.prepare()
    with only_json(as_json), closing(Ledger(home.ledger_url())) as ledger:
        if decline is not None:
            promotion.decline(ledger, model, version, decline)
            left, said = None, f"{model}: version {version} was declined ({decline}); the champion stays"
        else:
            left, _ = promotion.approve(ledger, model, version)
            said = f"{model}: version {version} is champion, with its reference"
            said += f"; version {left} is previous" if left else ""
        wrong = site.rewrite(model)
    if wrong:
        click.echo(wrong, err=True)
    told = {"model": model, "version": version, "promoted": decline is None, "previous": left}
    click.echo(json.dumps(told) if as_json else said)
