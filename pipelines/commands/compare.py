"""Command `driftloop compare`: two windows of a model's rows, or two of its versions, next to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftloop.pipelines.commands.options import Moment, config_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_drawn, say_json, shown

if TYPE_CHECKING:
    from driftloop.monitoring.records import Record
    from driftloop.pipelines.config.project import Project
    from driftloop.pipelines.operations.comparisons import Span
    from driftloop.pipelines.runtime.tables import Screen


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


@click.command(short_help="Compare two windows of rows, or two versions.")
@config_argument
@json_option
@click.option(
    "--windows",
    nargs=2,
    type=Named(),
    help="Two windows: each by its end, as long as windows.current, or as START..END. Default: the newest two that "
    "were checked.",
)
@click.option(
    "--versions",
    nargs=2,
    type=str,
    help="Two versions, each by its number or alias: losses on the same rows, training, features and importances.",
)
def compare(config: Path, as_json: bool, windows: tuple[Any, Any] | None, versions: tuple[str, str] | None) -> None:
    """Compare the columns of two windows: scores, thresholds, distributions, and the checks of both.

    With --versions compare two versions on the newest labeled rows that neither has learned from. Reads the rows again.
    Writes a page into the folder of the model's reports and a link to it on the model's page; changes nothing else.
    """
    if windows and versions:
        raise click.UsageError("either --windows or --versions, not both")
    with only_json(as_json), shown():
        from driftloop.pipelines import site
        from driftloop.pipelines.config.project import load
        from driftloop.pipelines.runtime import home

        project = load(config)
        home.prepare()
        found, page, table = _versions(project, versions) if versions else _windows(project, windows or ())
        problem = site.rewrite(project.model)
        if problem:
            say(problem, err=True)
    if as_json:
        say_json({**found.model_dump(mode="json"), "report": str(page)})
        return
    from driftloop.pipelines.runtime.tables import screen

    say_drawn(table(screen()))
    say(f"page: {page}")


def _windows(project: Project, windows: Sequence[Span]) -> tuple[Record, Path, Callable[[Screen], str]]:
    from driftloop.pipelines.operations import comparison_page
    from driftloop.pipelines.operations.comparisons import compare_windows, page_of
    from driftloop.pipelines.operations.pairs import as_table

    found = compare_windows(project, windows)
    file = page_of(found.model, found.earlier.window, found.later.window)
    comparison_page.write(file, found.model, partial(comparison_page.render, found))
    return found, file, partial(as_table, found)


def _versions(project: Project, versions: Sequence[str]) -> tuple[Record, Path, Callable[[Screen], str]]:
    from driftloop.pipelines.operations import comparison_page, version_page
    from driftloop.pipelines.operations.version_comparison import compare_versions, page_of
    from driftloop.pipelines.operations.version_pairs import as_table

    found = compare_versions(project, versions)
    file = page_of(found)
    comparison_page.write(file, found.model, partial(version_page.render, found))
    return found, file, partial(as_table, found)
