"""Entry point of the command line, and the list of commands. Each is a module of pipelines/commands."""

from __future__ import annotations

from importlib.metadata import version

import click

from driftloop.pipelines.commands.group import Commands

# In the order of the help page.
COMMANDS = (
    *(
        "init",
        "validate",
        "adopt",
        "check",
        "retrain",
        "predict",
        "backtest",
        "compare",
        "serve",
        "score",
        "deploy",
        "worker",
    ),
    *("status", "history", "site", "promote", "rollback", "notify", "doctor", "prune", "schema", "mcp", "demo"),
)


@click.group(
    cls=Commands,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("driftloop"), message="driftloop %(version)s")
def main() -> None:
    """Watch tabular models, retrain them when it pays, promote only significantly better ones.

    Start with `driftloop demo`, or with `driftloop init DATA` on your own file. State is in the nearest
    .driftloop/ of the config's folder or above it; DRIFTLOOP_HOME changes it. Telemetry of Prefect, MLflow and
    Evidently is off.
    """


if __name__ == "__main__":
    main()
