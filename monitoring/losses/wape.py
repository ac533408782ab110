"""The weighted absolute percentage error."""

from __future__ import annotations

from typing import Any, Literal

from driftloop.monitoring.losses.base import AbsoluteLoss


class Wape(AbsoluteLoss):
    """Sum of the absolute errors divided by the sum of the absolute labels: 0.1 is an error of 10% of the volume.

    Kolassa and Schütz (2007), Advantages of the MAD/mean ratio over the MAPE. It is not an average over rows, so single
    labels of 0 do no harm; rows whose labels are all 0 have none (`labels_not_allowed`). Its interval is that of a
    ratio. A model that minimizes it predicts the median, as for `mae`.
    """

    unit = "share of the sum of the labels"
    follows = frozenset({"xgboost", "linear"})
    relative = True
    loss: Literal["wape"] = "wape"

    def linear(self) -> tuple[str, dict[str, Any]]:
        return "QuantileRegressor", {"quantile": 0.5}
