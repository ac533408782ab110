"""The scorer as a whole: champions, log and an HTTP server, started and stopped together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

import uvicorn

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home
from driftloop.pipelines.scoring import journals
from driftloop.pipelines.scoring.answer_log import AnswerLog
from driftloop.pipelines.scoring.app import Scoring, application
from driftloop.pipelines.scoring.champions import Champions
from driftloop.pipelines.scoring.numbers import Numbers
from driftloop.pipelines.service import access

PATIENCE_SECONDS = 15.0
log = logging.getLogger("driftloop.scoring")


class Scorer:
    """Serves the champions of some folders and files from its own threads. Port 0 uses any free port."""

    def __init__(self, configs: Iterable[Path], *, host: str, port: int, token: str | None) -> None:
        local = access.is_local(host, token)
        # First of all: a path that is wrong leaves no state folder behind.
        self._champions = Champions(configs, taken=_recovered)
        home.prepare()
        self._socket = access.listening(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._answers = AnswerLog()
        numbers = Numbers(self._champions, self._answers)
        self._scoring = Scoring(self._champions, self._answers, numbers, local, token)
        settings = uvicorn.Config(
            application(self._scoring),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=30,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="scorer", daemon=True)

    def start(self) -> None:
        """Begin to answer; `/ready` is 503 until the models are loaded."""
        self._answers.start()
        self._champions.start()
        self._thread.start()

    def stop(self) -> bool:
        """Answer the requests that have arrived, write their predictions into the log, and end.

        Returns False if the registry does not answer and a thread still waits for it.
        """
        self._scoring.stopping = True
        self._champions.stop()
        self._server.should_exit = True
        self._thread.join()
        self._scoring.workers.shutdown()
        self._answers.stop()
        self._socket.close()
        return self._champions.ended(PATIENCE_SECONDS)


def _recovered(project: Project) -> None:
    """Bring answers of a scorer that died into the log of a model."""
    if not project.trains:
        return
    try:
        count = journals.recover(project)
    except Exception as error:
        log.warning("%s: answers of an earlier process could not be recovered: %s", project.model, error)
        return
    if count:
        log.info("%s: answers of %s interrupted journals were added to the log", project.model, count)
