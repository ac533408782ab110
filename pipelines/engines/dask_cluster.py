"""Connection to a cluster of Dask: versions of its workers, and results that never wait for a dead one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from driftloop.monitoring.errors import EngineUnavailable, ExtraMissing
from driftloop.pipelines.engines.versions import PACKAGES, here, refuse_others

# Also theirs: tasks are objects of Dask.
OWN = ("dask", "distributed", "cloudpickle")
POLL = 2.0  # seconds between looks at the cluster while a result is awaited
CLIENTS: dict[str, Any] = {}
CONNECTING = threading.Lock()


class Cluster:
    """The workers behind the address of a scheduler; `name` is used in messages, `timeout` is in seconds."""

    def __init__(self, address: str, name: str, timeout: float) -> None:
        self.address, self.name, self.timeout = address, name, timeout

    def connect(self) -> Any:
        """Return the client of this process, after its workers were compared with this process.

        EngineUnavailable where the scheduler does not answer or has no worker in time, EngineMisfit where a worker has
        other versions.
        """
        client = self._client()
        try:
            # An adaptive cluster starts its workers for work only.
            client.submit(int, pure=False).result(timeout=self.timeout)
            there = client.get_versions(packages=[*PACKAGES, *OWN])["workers"]
        except Exception as error:
            raise self._none(error) from None
        packages = {name: facts["packages"] for name, facts in there.items() if facts}
        refuse_others(self.name, packages, here((*PACKAGES, *OWN)))
        return client

    def results(self, futures: Sequence[Any]) -> Iterator[Any]:
        """Yield the results in order; EngineUnavailable where the workers or the scheduler are gone.

        Dask repeats the work of a worker that dies. The first error ends all of it.
        """
        try:
            for future in futures:
                yield self._result(future)
        except BaseException:
            self.cancel(futures)
            raise

    def _client(self) -> Any:
        try:
            from distributed import Client
        except ImportError:
            raise ExtraMissing("engine.dask", "dask", "dask") from None
        with CONNECTING:
            client = CLIENTS.get(self.address)
            if client is not None and client.status == "running":
                return client
            try:
                client = Client(self.address, timeout=self.timeout, set_as_default=False, name="driftloop")
            except Exception as error:
                why = _first_line(error) or type(error).__name__
                reason = f"the scheduler does not answer within {self.timeout:g} s: {why}"
                raise EngineUnavailable(self.name, reason) from None
            CLIENTS[self.address] = client
            return client

    def _result(self, future: Any) -> Any:
        from distributed import CancelledError, KilledWorker

        without: float | None = None
        while True:
            try:
                return future.result(timeout=POLL)
            except KilledWorker as error:
                reason = f"several workers died one after the other, each at the same work ({_first_line(error)})"
                raise EngineUnavailable(
                    self.name, reason, "give the workers more memory, or find why they die"
                ) from None
            except CancelledError:
                raise EngineUnavailable(self.name, "the connection to the scheduler was lost") from None
            except TimeoutError:
                if future.done() and future.status == "error":
                    raise
                without = self.without_workers(future.client, without)

    def without_workers(self, client: Any, since: float | None) -> float | None:
        """Return since when there are no workers; EngineUnavailable if that is too long."""
        if client.status not in ("running", "connecting"):
            raise EngineUnavailable(self.name, "the connection to the scheduler was lost")
        if client.status == "running" and client.scheduler_info()["workers"]:
            return None
        since = since or time.monotonic()
        if time.monotonic() - since > self.timeout:
            raise EngineUnavailable(self.name, f"no worker is left, for {self.timeout:g} s")
        return since

    def cancel(self, futures: Sequence[Any]) -> None:
        """Cancel work whose results are not needed any more."""
        for future in futures:
            if future.client.status == "running":
                future.client.cancel(list(futures), asynchronous=False)
            return

    def _none(self, error: Exception) -> EngineUnavailable:
        why = f"no worker is there within {self.timeout:g} s"
        if not isinstance(error, TimeoutError):
            why = f"the scheduler cannot be used: {type(error).__name__}: {_first_line(error)}"
        return EngineUnavailable(self.name, why, "start workers: dask worker ADDRESS")


def _first_line(error: BaseException) -> str:
    lines = re.sub(r"\s+", " ", str(error).strip().partition("\n")[0])
    return lines[:200]
