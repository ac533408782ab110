"""Models of MLflow that driftloop did not train: described by their MLmodel file, and opened by their own library."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import AdoptionRefused, Untrusted, clipped, listed
from driftloop.monitoring.served.opening import open_skops, open_xgboost
from driftloop.pipelines.training import storage
from driftloop.pipelines.training.adopted_inputs import Declared, Opened
from driftloop.pipelines.training.foreign import Origin, inside

if TYPE_CHECKING:
    from mlflow.models import Model

    from driftloop.pipelines.config.project import Training

NATIVE = ("sklearn", "xgboost", "lightgbm", "catboost")
PYFUNC = "python_function"
PACKAGE = re.compile(r"[a-z0-9._-]*")
# Endings of files that hold a model without any code.
NO_CODE: dict[str, str | tuple[str, ...]] = {
    "lightgbm": ".lgb",
    "catboost": (".cb", ".cbm", ".json"),
}


@dataclass(frozen=True)
class Found:
    """The folder of a model and the content of its MLmodel file.

    `kind` is its class; `runs_code` is why opening it runs code, None if it does not.
    """

    uri: str
    folder: Path
    flavor: str
    kind: str
    conf: dict[str, Any]
    runs_code: str | None
    created: datetime | None
    run_id: str | None
    inputs: tuple[Declared, ...] | None


def digest(folder: Path) -> str:
    """Return a name for the content of a model's folder: 32 hexadecimal characters."""
    made = hashlib.sha256()
    for file in inside(folder):
        made.update(file.relative_to(folder).as_posix().encode() + b"\0")
        made.update(hashlib.sha256(file.read_bytes()).digest())
    return made.hexdigest()[:32]


def describe(uri: str, folder: Path) -> Found:
    """Read the MLmodel file of a folder; opens nothing of the model itself."""
    from mlflow.models import Model

    try:
        model: Model = Model.load(str(folder))
    except Exception as error:
        raise AdoptionRefused(
            uri,
            f"its file MLmodel cannot be read: {clipped(str(error), 300)}",
            expected="a folder that was written by mlflow",
            remedy="log the model again",
        ) from error
    flavor = next((name for name in NATIVE if name in model.flavors), PYFUNC)
    conf: dict[str, Any] = model.flavors.get(flavor) or {}
    if not conf:
        raise AdoptionRefused(
            uri,
            f"it has the flavors {listed(model.flavors)}",
            expected=f"one of {listed((*NATIVE, PYFUNC))}",
            remedy="log it as a python model (mlflow.pyfunc.log_model) that calls it",
        )
    named = {"sklearn": "scikit-learn", "catboost": f"catboost.{conf.get('model_type', 'CatBoost')}"}
    kind = str(conf.get("model_class") or named.get(flavor) or conf.get("loader_module") or flavor)
    created = datetime.fromisoformat(model.utc_time_created).replace(tzinfo=UTC) if model.utc_time_created else None
    inputs = _declared(uri, model)
    return Found(uri, folder, flavor, kind, conf, _code(model, flavor, conf), created, model.run_id, inputs)


def refuse_code(found: Found, trust: Training) -> None:
    """Refuse a model whose opening would run code, unless `training.allow_pickle` permits it."""
    if found.runs_code is None or trust.allow_pickle:
        return
    again = {
        "sklearn": "log it again with serialization_format='skops'",
        "lightgbm": "log its booster (model.booster_), which is stored as text",
    }.get(found.flavor, "log it in the format of its library (sklearn with skops, xgboost, lightgbm, catboost)")
    raise AdoptionRefused(
        found.uri,
        f"{found.runs_code}, and opening it can run any code",
        expected="a format without code, or training.allow_pickle: true in the config",
        remedy=f"{again}; or set training.allow_pickle: true if you trust everyone who can write to where it is stored",
    )


def open_model(found: Found, trust: Training) -> tuple[Opened, Origin | None]:
    """Open a fetched model by its library; with where it came from if it is to be stored as it came."""
    refuse_code(found, trust)
    origin = None
    try:
        if found.flavor == "xgboost" and found.runs_code is None:
            estimator = _xgboost(found)
        elif found.flavor == "sklearn" and found.runs_code is None:
            content = (found.folder / str(found.conf["pickled_model"])).read_bytes()
            with storage.trusting():
                estimator = open_skops(content, found.uri, trust.trusted_types, allow_any=trust.allow_pickle)
        else:
            estimator = open_folder(found.folder)
            kind = f"{type(estimator).__module__}.{type(estimator).__name__}"
            origin = Origin(found.folder, kind, found.runs_code is not None)
    except Untrusted as error:
        raise AdoptionRefused(
            found.uri, error.found.partition(" holds ")[2] or error.found, expected=error.expected, remedy=error.remedy
        ) from error
    except ModuleNotFoundError as error:
        raise AdoptionRefused(
            found.uri,
            f"the module {error.name!r} that it needs is not installed",
            expected=f"the packages of its requirements.txt: {listed(_requirements(found.folder), 20)}",
            remedy=f"pip install -r {found.folder / 'requirements.txt'}",
        ) from error
    except Exception as error:  # a foreign loader may raise anything
        raise AdoptionRefused(
            found.uri,
            f"it cannot be opened: {type(error).__name__}: {clipped(str(error), 400)}",
            expected=f"a model that its library opens: {found.kind}",
            remedy="compare the versions in its requirements.txt with those installed; log it again if they differ",
        ) from error
    return Opened(found.uri, estimator, found.inputs), origin


def open_folder(folder: Path) -> Any:
    """Open a model by the loader of its own flavor, in the folder that MLflow wrote. May run code of the model."""
    from mlflow.models import Model

    flavors = Model.load(str(folder)).flavors
    flavor = next((name for name in NATIVE if name in flavors), "pyfunc")
    return import_module(f"mlflow.{flavor}").load_model(str(folder))


def requirements(folder: Path, without: frozenset[str]) -> list[str]:
    """Return the lines of the model's requirements.txt but those of the named packages."""
    return [line for line in _requirements(folder) if PACKAGE.match(line.lower())[0] not in without]  # type: ignore[index]


def _requirements(folder: Path) -> list[str]:
    file = folder / "requirements.txt"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _xgboost(found: Found) -> Any:
    if not found.kind.startswith("xgboost."):
        raise Untrusted(found.uri, [found.kind])
    with storage.trusting():
        return open_xgboost((found.folder / str(found.conf["data"])).read_bytes(), found.kind, found.uri)


def _code(model: Model, flavor: str, conf: dict[str, Any]) -> str | None:
    """Return what in the model runs code when it is opened, or None."""
    whole: dict[str, Any] = model.flavors.get(PYFUNC) or {}
    if conf.get("code") or whole.get("code"):
        return "it brings code of its own (code_paths)"
    if flavor == PYFUNC:
        return "it is a python model"
    if flavor == "sklearn":
        form = conf.get("serialization_format") or "pickle"
        return None if form == "skops" else f"it is stored by {form}"
    data = str(conf.get("data", ""))
    if flavor in NO_CODE and not data.endswith(NO_CODE[flavor]):
        return f"its file {data} is not in the format of {flavor}"
    return None


def _declared(uri: str, model: Model) -> tuple[Declared, ...] | None:
    """Return the inputs of the signature; None without one. A tensor counts columns without naming them."""
    schema = model.signature.inputs if model.signature is not None else None
    if schema is None:
        return None
    if schema.is_tensor_spec():
        shapes = [spec.shape for spec in schema.inputs]
        if len(shapes) != 1 or len(shapes[0]) != 2:
            raise AdoptionRefused(
                uri,
                f"its signature has tensors of the shapes {listed(shapes)}",
                expected="a table: one tensor of shape (rows, columns), or named columns",
                remedy="log it with infer_signature(frame, predictions)",
            )
        return tuple(Declared(name=None, type=None) for _ in range(max(0, shapes[0][1])))
    return tuple(
        Declared(name=spec.name, type=str(getattr(spec.type, "name", spec.type)).lower(), required=spec.required)
        for spec in schema.inputs
    )
