"""Command `driftloop schema`: the JSON Schema of a model's YAML."""

from __future__ import annotations

import click

from driftloop.pipelines.runtime.terminal import say_json


@click.command()
def schema() -> None:
    """Print the JSON Schema of the YAML, for completion and checks in an editor.

    `driftloop init` writes it next to the config and names it in the first line, which editors with
    yaml-language-server read.
    """
    from driftloop.pipelines.config.json_schema import json_schema

    say_json(json_schema())
