"""The expected calibration error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from driftloop.monitoring.metrics.base import CLASSES, Metric, Pairs, cell_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats

BINS = 10


class CalibrationError(Metric):
    """Mean distance between predicted probability and observed share, over ten bins of the probability.

    Of two classes the probability is that of the second; of more it is that of the predicted class, compared with how
    often it is right. Naeini et al. (2015), Obtaining well calibrated probabilities using Bayesian binning; Guo et al.
    (2017), On calibration of modern neural networks.
    """

    tasks = CLASSES
    better = "lower"
    low, high = 0.0, 1.0
    metric: Literal["calibration_error"] = "calibration_error"
    bins: int | None = Field(None, ge=2, le=100, description="bins of equal width; 10 if not given")

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        return binned(pairs, starts, self.bins or BINS)

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        rows, scores, hits = np.split(sums, 3, axis=1)
        made: Floats = np.abs(scores - hits).sum(axis=1) / rows.sum(axis=1)
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        return None


def binned(pairs: Pairs, starts: NDArray[np.intp], bins: int) -> Floats:
    """Return rows, sums of probabilities and hits of blocks in each bin: shape (blocks, 3 bins)."""
    import numpy as np

    cells = pairs.of_rows(f"calibration of {bins} bins", lambda rows: _cells(rows, bins))
    weights = pairs.score if pairs.weights is None else pairs.weights * pairs.score
    counts, scores = (
        cell_sums(cells, starts, 2 * bins, by).reshape(len(starts), bins, 2) for by in (pairs.weights, weights)
    )
    return np.hstack([counts.sum(axis=2), scores.sum(axis=2), counts[:, :, 1]])


def _cells(pairs: Pairs, bins: int) -> NDArray[np.intp]:
    """Return twice the bin of every row, plus 1 where the probability is that of its label."""
    import numpy as np

    # The first bin has both ends, every other one its upper end, as in scikit-learn's calibration_curve.
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], pairs.score)
    cells: NDArray[np.intp] = 2 * place + (pairs.target == (1 if len(pairs.classes) == 2 else pairs.decided))
    return cells
