"""Command `driftloop score`: predictions over HTTP by the champions, until a signal stops it."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

import click

from driftloop.pipelines.commands.options import configs_argument
from driftloop.pipelines.runtime.terminal import log_to_stderr


@click.command()
@configs_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="Port; 0: any free port.")
def score(configs: tuple[Path, ...], host: str, port: int) -> None:
    """Answer POST /predict/MODEL with the champion of every model of CONFIGS (folders or files).

    Rows are JSON records or an Arrow stream, with the columns of the config. A promotion or rollback serves within
    seconds, without a refused request. Answers go to the prediction log, which checks read. Other machines need --host
    and DRIFTLOOP_TOKEN.
    """
    log_to_stderr()
    from driftloop.pipelines.scoring.host import Scorer

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scorer = Scorer(configs, host=host, port=port, token=os.environ.get("DRIFTLOOP_TOKEN") or None)
    scorer.start()
    log = logging.getLogger("driftloop.scoring")
    at = f"http://{host}:{scorer.port}"
    log.info("predictions are on %s/predict/MODEL, status on %s/health, /ready, /metrics, /openapi.json", at, at)
    stop.wait()
    ended = scorer.stop()
    log.info("stopped")
    if not ended:
        # A thread waits for the registry; a normal exit of the interpreter would wait for it, or crash.
        logging.shutdown()
        os._exit(0)
