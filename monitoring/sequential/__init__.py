"""Sequential tests: two models compared window by window, with a promise that holds at every look."""

from driftloop.monitoring.sequential.evidence import (
    LEAST_ROWS,
    PROOF,
    Step,
    bets,
    evidence,
    mean_difference,
    proven,
    scale_of,
)

__all__ = ["LEAST_ROWS", "PROOF", "Step", "bets", "evidence", "mean_difference", "proven", "scale_of"]
