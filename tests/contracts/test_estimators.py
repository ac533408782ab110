"""What training relies on in XGBoost, skops and scikit-learn, and where an upgrade shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost


def test_an_error_of_xgboost_is_a_value_error() -> None:
    """A wrong parameter raises a `ValueError`: `training/fit_xgboost.py` turns it into an error with a remedy."""
    model = xgboost.XGBRegressor(objective="reg:nothing", n_estimators=1)
    with pytest.raises(ValueError, match="reg:nothing"):
        model.fit(np.zeros((3, 1)), np.zeros(3))


def test_a_booster_is_bytes_and_back() -> None:
    """A model is stored as `save_raw("ubj")`, read from a bytearray, and predicts the same."""
    rows = pd.DataFrame({"n": [1.0, 2.0, 3.0, 4.0], "c": pd.Categorical(["a", "b", "a", "b"])})
    model = xgboost.XGBRegressor(n_estimators=3, enable_categorical=True).fit(rows, [1.0, 2.0, 3.0, 4.0])
    again = xgboost.XGBRegressor(enable_categorical=True)
    again.load_model(bytearray(model.get_booster().save_raw("ubj")))
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows), "xgboost: save_raw or load_model changed")


def test_what_skops_cannot_store_is_reported() -> None:
    """An estimator of unknown type is either refused or listed as untrusted, never stored silently."""
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    class Own:
        """A class that skops does not know."""

    try:
        found = skops.io.get_untrusted_types(data=skops.io.dumps(Own()))
    except (UnsupportedTypeException, TypeError, AttributeError):
        return
    assert any("Own" in name for name in found), "skops: an unknown type is no longer listed, see training/storage.py"
