"""Manual approval of a pending challenger, as a flow run from Prefect's UI."""

from __future__ import annotations

from prefect import flow, get_run_logger

from driftloop.pipelines.requests.approval import Answer, answer


@flow(name="promotion", flow_run_name="{model} {version}")
def promotion_flow(model: str, version: str, decline: str | None = None) -> Answer:
    """Promote VERSION, which waits for approval; or reject it for the reason in `decline`."""
    done = answer(model, version, decline)
    get_run_logger().info("%s", done.message)
    if done.site:
        get_run_logger().warning("%s", done.site)
    return done
