"""Command `driftloop site`: the static pages of all models."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@json_option
def site(as_json: bool) -> None:
    """Regenerate the static site: an index of all models and a page per model.

    The site is in the state folder and needs no server. Every check updates it; this command writes the pages that have
    changed since.
    """
    from driftloop.pipelines.runtime import home
    from driftloop.pipelines.site import write_all
    from driftloop.pipelines.site.writing import index

    home.prepare()
    with only_json(as_json):
        pages, written = write_all()
    if as_json:
        say_json({"index": str(index()), "pages": [str(page) for page in pages]})
    else:
        all_ = f" of {len(pages):,}, the others have not changed" if written < len(pages) else ""
        say(f"wrote {written:,} model page{'' if written == 1 else 's'}{all_}; open {index()}")
