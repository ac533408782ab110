"""`driftloop site`: the static pages of all models, written anew."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@json_option
def site(as_json: bool) -> None:
    """Write the static site: an index of all models, and a page for each with its timeline, checks and versions.

    It lies in the state folder, needs no server, and every check keeps it up to date; this command writes it whole.
    """
    from driftloop.pipelines.runtime import home
    from driftloop.pipelines.site import write_all
    from driftloop.pipelines.site.writing import index

    home.prepare()
    with only_json(as_json):
        pages = write_all()
    if as_json:
        say_json({"index": str(index()), "pages": [str(page) for page in pages]})
    else:
        say(f"wrote {len(pages)} model page{'' if len(pages) == 1 else 's'}; open {index()}")
