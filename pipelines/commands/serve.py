"""Command `driftloop serve`: the embedded service, until a signal stops it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import click

from driftloop.pipelines.commands.options import configs_argument
from driftloop.pipelines.runtime.terminal import log_to_stderr


@click.command()
@configs_argument
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Maximum number of concurrent checks."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the site, /health and /metrics.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port of the same; 0: any free port.",
)
@click.option(
    "--patience",
    type=click.IntRange(min=0),
    default=80,
    show_default=True,
    help="Seconds to wait for running checks after SIGTERM.",
)
@click.option(
    "--lease",
    type=click.FloatRange(min=3),
    default=90,
    show_default=True,
    help="Seconds after which another service takes over the models of one that died or hangs.",
)
@click.option("--score", is_flag=True, help="Answer predictions too, as `driftloop score` does, on --score-port.")
@click.option(
    "--score-port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="Port of the predictions."
)
def serve(
    configs: tuple[Path, ...],
    workers: int,
    host: str,
    port: int,
    patience: int,
    lease: float,
    score: bool,
    score_port: int,
) -> None:
    """Check every model of CONFIGS (folders or files) on its schedule and when data arrives.

    New, changed and invalid YAML files are detected while it runs. After SIGTERM or Ctrl-C no further check starts and
    running checks may finish; a second signal aborts them. Other machines need --host and DRIFTLOOP_TOKEN.

    Several services with the same files and ledger share the models, also on several machines.
    """
    log_to_stderr()
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.service.endpoint import Endpoint
    from driftloop.pipelines.service.loop import Service

    service = Service(configs, workers=workers, lease_seconds=lease)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    token = os.environ.get("DRIFTLOOP_TOKEN") or None
    endpoint = Endpoint(service.answers, host=host, port=port, token=token)
    log = logging.getLogger("driftloop.service")
    at = f"http://{host}:{endpoint.port}"
    log.info("the site is on %s/, health and metrics on %s/health, /ready, /metrics", at, at)
    scorer = None
    if score:
        from driftloop.pipelines.scoring.host import Scorer

        scorer = Scorer(configs, host=host, port=score_port, token=token)
        scorer.start()
        log.info("predictions are on http://%s:%s/predict/MODEL", host, scorer.port)
    with prefect_ready():
        ended = service.run(patience)
    endpoint.stop()
    ended = (scorer is None or scorer.stop()) and ended
    log.info("stopped")
    if not ended:
        # A check still runs in its thread. Its runs are closed; a normal exit of the interpreter would wait for it.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
