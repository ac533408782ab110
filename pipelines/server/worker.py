"""Warm worker of a Prefect work pool: runs checks in its own process, whose imports are done.

Prefect's process worker starts an interpreter for every flow run, which is most of the work of a small check. This
worker is one of those, for the same pools and deployments; checks and sweeps run in its threads, and all other flows,
training runs above all, in processes of their own as before.
"""

from __future__ import annotations

import abc
import asyncio
import logging
import os
import signal
from contextvars import Context
from typing import Any

import anyio
from anyio.abc import TaskStatus
from anyio.to_thread import run_sync
from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.flow_engine import run_flow
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from driftloop.monitoring.errors import PoolUnfit
from driftloop.monitoring.ledger import holders
from driftloop.pipelines.flows.warmup import prefect_ready
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server import flows
from driftloop.pipelines.server.desired import FLOWS
from driftloop.pipelines.server.server import connected
from driftloop.pipelines.service import checks

WARM: dict[str, Flow[..., Any]] = {
    f"{FLOWS}.monitoring_flow": flows.monitoring_flow,
    f"{FLOWS}.sweep": flows.sweep,
}
log = logging.getLogger("driftloop.worker")


# An abstract base keeps Prefect from registering a second worker of the type `process`.
class WarmWorker(ProcessWorker, abc.ABC):
    """A process worker with warm checks. A check is not ended from outside: it is waited for."""

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[Any] | None = None,
    ) -> ProcessWorkerResult:
        """Run a check here, and anything else in a process of its own."""
        flow = await self._warm(flow_run)
        if flow is None:
            return await super().run(flow_run, configuration, task_status)
        # Not a pid: to cancel the run, Prefect would kill that process with all its checks.
        identifier = f"thread of {holders.me()}"
        if task_status is not None:
            task_status.started(identifier)
        log.info("%s: %s", flow_run.name, flow.name)
        with anyio.CancelScope(shield=True):
            # Not in this context, which has the client of the worker's own loop.
            code = await run_sync(Context().run, carry_out, flow, flow_run)
        return ProcessWorkerResult(status_code=code, identifier=identifier)

    async def _warm(self, flow_run: FlowRun) -> Flow[..., Any] | None:
        if flow_run.deployment_id is None:
            return None
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        return WARM.get(str(deployment.entrypoint))


def carry_out(flow: Flow[..., Any], flow_run: FlowRun) -> int:
    """Run a flow to any end; return 1, as a process would, if it crashed."""
    try:
        with prefect_ready():
            state: Any = run_flow(flow, flow_run=flow_run, return_type="state")
    except BaseException:
        log.exception("%s crashed", flow_run.name)
        return 1
    log.info("%s: %s%s", flow_run.name, state.name, f": {state.message}" if state.message else "")
    return 0


def serve(pool: str, *, name: str | None, limit: int) -> None:
    """Work on a pool until SIGTERM or Ctrl-C; then start nothing more and wait for the running checks."""
    _require_pool(pool)
    flows.refuse_unready()
    home.prepare()
    checks.preload(())
    asyncio.run(_serve(WarmWorker(work_pool_name=pool, name=name, limit=limit, create_pool_if_not_found=False)))


def _require_pool(name: str) -> None:
    """Raise `PoolUnfit` unless the server has a process pool of that name."""
    with connected() as client:
        try:
            found = client.read_work_pool(name)
        except ObjectNotFound:
            raise PoolUnfit(name, None) from None
    if found.type != WarmWorker.type:
        raise PoolUnfit(name, found.type)


async def _serve(worker: WarmWorker) -> None:
    working = asyncio.create_task(worker.start(printer=lambda text: log.info("%s", text)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _end, working)
    try:
        await working
    except asyncio.CancelledError:
        log.info("stopped")


def _end(working: asyncio.Task[None]) -> None:
    """Stop the worker; a second signal ends the process with its checks, whose runs the next sweep closes."""
    if working.cancelling():
        logging.shutdown()
        os._exit(1)
    log.info("stopping: waiting for running checks; a second signal interrupts them")
    working.cancel()
