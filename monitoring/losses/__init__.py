"""The losses, one file each. To add one: write its file, import it here and put it into the union."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from driftloop.monitoring.errors import UnknownLoss, ValidationProblem
from driftloop.monitoring.losses.base import Loss
from driftloop.monitoring.losses.brier import Brier
from driftloop.monitoring.losses.cost_matrix import CostMatrix
from driftloop.monitoring.losses.custom import Custom
from driftloop.monitoring.losses.error_rate import ErrorRate
from driftloop.monitoring.losses.gamma_deviance import GammaDeviance
from driftloop.monitoring.losses.huber import Huber
from driftloop.monitoring.losses.log_loss import LogLoss
from driftloop.monitoring.losses.mae import Mae
from driftloop.monitoring.losses.mse import Mse
from driftloop.monitoring.losses.pinball import Pinball
from driftloop.monitoring.losses.poisson_deviance import PoissonDeviance
from driftloop.monitoring.losses.tweedie import Tweedie
from driftloop.monitoring.losses.wape import Wape
from driftloop.monitoring.tasks import TASKS, Task

AnyLoss = Annotated[
    Brier
    | CostMatrix
    | Custom
    | ErrorRate
    | GammaDeviance
    | Huber
    | LogLoss
    | Mae
    | Mse
    | Pinball
    | PoissonDeviance
    | Tweedie
    | Wape,
    Field(discriminator="loss"),
]
_READ: TypeAdapter[Loss] = TypeAdapter(AnyLoss)

LOSSES: dict[str, type[Loss]] = {kind.model_fields["loss"].default: kind for kind in get_args(get_args(AnyLoss)[0])}
"""Every loss by its name in a YAML."""


@cache
def named(name: str) -> Loss:
    """Return the loss that a record names, with its parameters; a name that is not registered raises `UnknownLoss`.

    >>> named("mae")
    Mae(loss='mae')
    """
    word, _, given = name.removesuffix(")").partition("(")
    if ":" in word:  # module:function
        word, given = "custom", name
    try:
        values = LOSSES[word].parameters(given) if word in LOSSES else {}
        made: Loss | None = _READ.validate_python({"loss": word, **values})
    except ValueError:  # a wrong number of values, or pydantic's own error
        made = None
    if made is None or made.name != name:
        raise UnknownLoss(name, LOSSES)
    return made


def default(task: Task) -> Loss:
    """Return the loss of a model whose config names none."""
    return named(TASKS[task].default_loss)


def fitting(task: Task) -> tuple[str, ...]:
    """Return the names of the losses that fit a task, the default first."""
    first = default(task).loss
    return (first, *(name for name, kind in LOSSES.items() if task in kind.tasks and name != first))


def chosen(given: Any) -> Any:
    """Return a section `performance` as it was given, None where it names no loss and nothing else.

    >>> chosen({"loss": "mylosses:asymmetric"})
    {'loss': 'custom', 'function': 'mylosses:asymmetric'}
    """
    if not isinstance(given, dict):
        return given
    if isinstance(inner := given.get("loss"), dict):
        flat = ", ".join(f"{name}: {value}" for name, value in inner.items())
        raise ValidationProblem(
            "the name of a loss, with its parameters next to it",
            key="loss",
            found="a section",
            remedy=f"write performance: {{{flat}}}",
        )
    if isinstance(path := given.get("loss"), str) and ":" in path:
        return {**given, "loss": "custom", "function": path}
    return None if all(value is None for value in given.values()) else given


__all__ = ["LOSSES", "AnyLoss", "Custom", "Loss", "chosen", "default", "fitting", "named"]
