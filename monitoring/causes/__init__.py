"""Causes of a rise of the loss, and the recommended action."""

from driftloop.monitoring.causes.advice import recommend
from driftloop.monitoring.causes.broken import Suspect, suspects
from driftloop.monitoring.causes.judging import judge, localized
from driftloop.monitoring.causes.splitting import Rows, amount, by_cells, mean_amount, split

__all__ = [
    "Rows",
    "Suspect",
    "amount",
    "by_cells",
    "judge",
    "localized",
    "mean_amount",
    "recommend",
    "split",
    "suspects",
]
