"""Pictures of a model, as PNG: what it looks at, and where it errs. Never through pyplot, so that threads may draw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from driftloop.pipelines.training.fit_linear import is_linear, weights
from driftloop.pipelines.training.other_libraries import importances as of_library
from driftloop.pipelines.training.scorer import Scorer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, BAR, ACCENT, FAINT = "#263238", "#33658a", "#d1495b", "#d5dbe0"
MOST_CLASSES = 15
MOST_POINTS = 3000


def importances(scorer: Scorer) -> dict[str, float]:
    """Return the weight of each feature, largest first, in sum 1; empty if the estimator has none.

    For xgboost it is the share of the total gain, for scikit-learn `feature_importances_` or the mean of |coef_| over
    the classes. A category that was encoded in several columns is added up; for the linear model see
    `fit_linear.weights`.
    """
    features = scorer.features
    model = scorer.estimator
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    if hasattr(booster, "get_score"):
        gains = booster.get_score(importance_type="total_gain")
        raw = np.array([float(np.sum(gains.get(name, 0.0))) for name in features.safe_names])
    elif (found := of_library(model)) is not None:
        inputs = [one.name for one in scorer.contract.inputs] if scorer.contract else [*features.names]
        by_name = dict(zip(inputs, found, strict=False)) if len(inputs) == len(found) else {}
        raw = np.array([by_name.get(name, 0.0) for name in features.names])
    elif is_linear(model):
        raw = weights(model, len(features.numeric), len(features.categorical))
    else:
        steps = getattr(model, "steps", None)
        found = _weights(steps[-1][1] if steps else model)
        if found is None or len(found) < len(features.names):
            return {}
        # The columns of an encoding: the numbers, then for each category one column, or as many as there are classes.
        spread = len(found) - len(features.numeric)
        each = spread // max(1, len(features.categorical))
        owner = [*range(len(features.numeric))]
        owner += [place for place in range(len(features.numeric), len(features.names)) for _ in range(each)]
        if len(owner) != len(found):
            return {}
        raw = np.bincount(owner, found, minlength=len(features.names))
    total = float(raw.sum())
    if not np.isfinite(total) or total <= 0:
        return {}
    ranked = sorted(zip(features.names, raw / total, strict=True), key=lambda pair: -pair[1])
    return {name: float(weight) for name, weight in ranked}


def importance_plot(weights: Mapping[str, float], path: Path, *, title: str = "What the model looks at") -> Path:
    """Draw the weights as bars, the 20 largest; the rest is summed up in one."""
    shown = dict(sorted(weights.items(), key=lambda pair: -pair[1])[:20])
    if len(weights) > len(shown):
        shown[f"{len(weights) - len(shown)} others"] = sum(weights.values()) - sum(shown.values())
    figure, axes = _figure(1, 7.5, 1.2 + 0.32 * max(1, len(shown)))
    places = np.arange(len(shown))[::-1]
    axes[0].barh(places, list(shown.values()), color=BAR, height=0.68)
    axes[0].set_yticks(places, [_plain(name) for name in shown])
    axes[0].set_ylim(-0.6, len(shown) - 0.4)
    longest = max(shown.values(), default=1.0)
    axes[0].set_xlim(0, 1.14 * longest)
    for place, weight in zip(places, shown.values(), strict=True):
        axes[0].text(weight + 0.012 * longest, place, f"{100 * weight:.1f}%", va="center", fontsize=8.5, color=INK)
    axes[0].set_xlabel("share of the total importance")
    axes[0].tick_params(axis="y", length=0)
    _percent(axes[0].xaxis)
    return _write(figure, title, path)


def residual_plot(
    target: ArrayLike, predicted: ArrayLike, path: Path, *, name: str = "target", title: str = "Errors on held-out rows"
) -> Path:
    """Draw predictions against the truth, and how the errors spread; both cut at the 0.5 and 99.5% quantiles.

    Rows without a finite value on both sides are left out.
    """
    truth, guess = (np.asarray(part, dtype=np.float64) for part in (target, predicted))
    both = np.isfinite(truth) & np.isfinite(guess)
    truth, guess = truth[both], guess[both]
    figure, (left, right) = _figure(2, 10, 4.6)
    if len(truth):
        low, high = _ends(np.concatenate([truth, guess]))
        every = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).astype(int)
        alpha = float(np.clip(300 / len(every), 0.15, 0.7))
        left.plot(truth[every], guess[every], "o", ms=3.2, color=BAR, alpha=alpha, mec="none")
        left.plot([low, high], [low, high], color=ACCENT, lw=1.4, label="exact")
        left.set(xlim=(low, high), ylim=(low, high))
        left.legend(loc="upper left", frameon=False)
        errors = guess - truth
        start, end = _ends(errors)
        # One shape. A bar each, as `hist` has it, takes longer than all the rest.
        right.stairs(*np.histogram(errors, np.linspace(start, end, 51)), fill=True, color=BAR)
        right.axvline(0, ymax=0.78, color=ACCENT, lw=1.4)
        outside = int(((errors < start) | (errors > end)).sum())
        label = f"median {_short(float(np.median(errors)))}\nmean absolute {_short(float(np.abs(errors).mean()))}"
        label += f"\n{outside:,} of {len(errors):,} rows beyond the edges" if outside else ""
        right.text(0.98, 0.97, label, transform=right.transAxes, ha="right", va="top", fontsize=8.5, color=INK)
        right.margins(y=0.3)
    left.set(xlabel=f"{_plain(name)}, actual", ylabel=f"{_plain(name)}, predicted")
    right.set(xlabel="predicted minus actual", ylabel="rows")
    return _write(figure, title, path)


def confusion_plot(
    target: ArrayLike,
    predicted: ArrayLike,
    classes: tuple[str, ...],
    path: Path,
    *,
    title: str = "Actual and predicted",
) -> Path:
    """Draw how often each class was taken for each, in percent of the actual class.

    `target` holds class names, `predicted` the probabilities of shape (n, k). Of more than 15 classes the rarest are
    drawn as one. Rows without a label are left out; a name that the model does not know has a row of its own.
    """
    labels = np.asarray(target, dtype=object)
    known = np.array([isinstance(label, str) for label in labels], dtype=bool)
    truth = labels[known].astype(str)
    guess = np.asarray(classes, dtype=object).astype(str)[np.asarray(predicted).argmax(axis=1)[known]]
    names = sorted({*classes, *truth})
    if len(names) > MOST_CLASSES:
        often = sorted(classes, key=lambda name: (-int((truth == name).sum()), name))[: MOST_CLASSES - 1]
        names = [*sorted(often), "all others"]
        truth, guess = (np.where(np.isin(part, often), part, "all others") for part in (truth, guess))
    place = {name: at for at, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, ([place[name] for name in truth], [place[name] for name in guess]), 1)
    shares = 100 * counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = 0.5 * max(4, len(names))
    figure, (axes,) = _figure(1, side + 3.2, side + 1.7)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 55 else INK
        label = f"{share:.0f}" if share >= 1 else "<1" if share > 0 else ""
        axes.text(column, row, label, ha="center", va="center", fontsize=9, color=colour)
    ticks = range(len(names))
    axes.set_xticks(ticks, [_plain(name, 18) for name in names], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, [f"{_plain(name, 18)}  ({counts[place[name]].sum():,})" for name in names])
    axes.set(xlabel="predicted", ylabel="actual (rows)")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, shrink=0.8, label="% of the actual class").outline.set_visible(False)
    return _write(figure, title, path)


def _weights(model: Any) -> NDArray[np.float64] | None:
    found = getattr(model, "feature_importances_", None)
    if found is None:
        found = getattr(model, "coef_", None)
        if found is None:
            return None
        found = np.abs(np.atleast_2d(np.asarray(found, dtype=np.float64))).mean(axis=0)
    return np.asarray(found, dtype=np.float64)


def _figure(panels: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=130, layout="constrained", facecolor="white")
    every = [figure.add_subplot(1, panels, place + 1) for place in range(panels)]
    for axes in every:
        axes.locator_params(nbins=5)  # each tick costs more than all bars
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(FAINT)
        axes.tick_params(color=FAINT, labelcolor=INK, labelsize=9)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
    return figure, every


def _write(figure: Figure, title: str, path: Path) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.suptitle(_plain(title, 90), fontsize=12, color=INK, fontweight="bold")
    path.parent.mkdir(parents=True, exist_ok=True)
    # `savefig` would draw it all a first time, in case that a bounding box is asked for.
    FigureCanvasAgg(figure).print_png(path)  # type: ignore[no-untyped-call]
    return path


def _plain(name: str, most: int = 40) -> str:
    """A name as it is: no formulas between dollar signs, no line breaks, cut where it is too long."""
    one_line = " ".join(name.split())
    cut = one_line if len(one_line) <= most else one_line[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return cut.replace("$", r"\$")


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = (float(end) for end in np.quantile(values, [0.005, 0.995]))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _short(value: float) -> str:
    return f"{value:,.3g}" if 1e-4 <= abs(value) < 1e5 or value == 0 else f"{value:.2e}"


def _percent(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
