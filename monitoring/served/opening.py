"""Estimators in the formats that run no code when they are opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import NotTrusted

FILES = {"xgboost": "model.ubj", "skops": "model.skops"}
OWN_FORMAT = ("Booster", "XGBRegressor", "XGBClassifier", "XGBRFRegressor", "XGBRFClassifier")
# Beyond what skops itself trusts: the inner parts of scikit-learn's and xgboost's estimators. None runs code of the
# file when it is built.
TRUSTED = frozenset(
    {
        "numpy.dtype",
        "sklearn._loss.loss.HalfTweedieLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.model_selection._split.KFold",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
    }
)


def open_xgboost(content: bytes, kind: str, where: str) -> Any:
    """Open what xgboost has stored as one of its own classes; another class raises `NotTrusted`."""
    import xgboost

    name = kind.rpartition(".")[2]
    if name not in OWN_FORMAT:
        raise NotTrusted(where, [kind])
    model = xgboost.Booster() if name == "Booster" else getattr(xgboost, name)(enable_categorical=True)
    model.load_model(bytearray(content))
    return model


def open_skops(content: bytes, where: str, trusted: Iterable[str], *, allow_any: bool = False) -> Any:
    """Build what skops has stored; with a type that is neither known nor trusted it raises `NotTrusted`."""
    import skops.io

    found = set(skops.io.get_untrusted_types(data=content))
    strange = found - TRUSTED.union(trusted)
    if strange and not allow_any:
        raise NotTrusted(where, sorted(strange))
    return skops.io.loads(content, trusted=sorted(found))
