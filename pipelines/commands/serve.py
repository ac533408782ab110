"""`driftloop serve`: the embedded service, until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import click

from driftloop.pipelines.runtime.terminal import Harmless


@click.command()
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Checks at a time.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where /health and /metrics listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Its port; 0 takes any that is free."
)
@click.option(
    "--patience",
    type=click.IntRange(min=0),
    default=80,
    show_default=True,
    help="Seconds that running checks get to end after SIGTERM; then they are cut off.",
)
def serve(configs: tuple[Path, ...], workers: int, host: str, port: int, patience: int) -> None:
    """Check every model of CONFIGS (folders or files) by its schedule and on arrival of data.

    New, changed and broken YAML files are picked up while it runs. SIGTERM and Ctrl-C let the running checks end and
    start no other; a second one cuts them off. Other machines reach it only with --host and DRIFTLOOP_TOKEN.
    """
    _log_to_stderr()
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.service.endpoint import Endpoint
    from driftloop.pipelines.service.loop import Service

    service = Service(configs, workers=workers)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    endpoint = Endpoint(service.answers, host=host, port=port, token=os.environ.get("DRIFTLOOP_TOKEN"))
    log = logging.getLogger("driftloop.service")
    log.info("health and metrics on http://%s:%d/health, /metrics", host, endpoint.port)
    with prefect_ready():
        ended = service.run(patience)
    endpoint.stop()
    log.info("stopped")
    if not ended:
        # A check still runs in its thread. What it had open is ended; the interpreter's own way out would wait for it.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Harmless("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("driftloop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
