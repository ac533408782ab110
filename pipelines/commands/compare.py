"""Command `driftloop compare`: two windows of a model's rows, next to each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftloop.pipelines.commands.options import Moment, config_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_drawn, say_json, shown

if TYPE_CHECKING:
    from driftloop.pipelines.operations.comparisons import WindowComparison


class Named(click.ParamType[Any]):
    """Type of a window: its end, or START..END."""

    name = "window"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from driftloop.pipelines.operations.comparisons import Span

        if isinstance(value, Span):
            return value
        start, dots, end = value.rpartition("..")
        moments = [Moment().convert(part, param, ctx) for part in ([start, end] if dots else [end])]
        if len(moments) == 2 and moments[0] >= moments[1]:
            self.fail(f"{value!r} is not a window; it has to start before it ends", param, ctx)
        return Span(moments[-1], moments[0] if dots else None)


@click.command(short_help="Compare two windows of rows.")
@config_argument
@json_option
@click.option(
    "--windows",
    nargs=2,
    type=Named(),
    help="Two windows: each by its end, as long as windows.current, or as START..END. Default: the newest two that "
    "were checked.",
)
def compare(config: Path, as_json: bool, windows: tuple[Any, Any] | None) -> None:
    """Compare the columns of two windows: scores, thresholds, distributions, and the checks of both.

    Reads the rows of both windows again. Writes a page into the folder of the model's reports and a link to it on the
    model's page; changes nothing else.
    """
    with only_json(as_json), shown():
        from driftloop.pipelines.config.project import load
        from driftloop.pipelines.operations.comparisons import compare_windows
        from driftloop.pipelines.runtime import home

        project = load(config)
        home.prepare()
        found = compare_windows(project, windows or ())
        page = _page(found)
    if as_json:
        say_json({**found.model_dump(mode="json"), "report": str(page)})
        return
    from driftloop.pipelines.operations.pairs import as_table
    from driftloop.pipelines.runtime.tables import screen

    say_drawn(as_table(found, screen()))
    say(f"page: {page}")


def _page(found: WindowComparison) -> Path:
    from driftloop.pipelines import site
    from driftloop.pipelines.operations import comparison_page
    from driftloop.pipelines.operations.comparisons import page_of

    file = page_of(found.model, found.earlier.window, found.later.window)
    comparison_page.write(found, file)
    problem = site.rewrite(found.model)
    if problem:
        say(problem, err=True)
    return file
