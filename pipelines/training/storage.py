"""A scorer on disk: written in the safest format it has, read only after its files are proven to be those written."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from driftloop.monitoring.errors import DriftloopError, Untrusted
from driftloop.monitoring.records import Record, changed
from driftloop.monitoring.served import opening
from driftloop.monitoring.served.errors import NotTrusted
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.contract import Contract
from driftloop.pipelines.training.elsewhere import Elsewhere
from driftloop.pipelines.training.features import Features
from driftloop.pipelines.training.foreign import FOLDER, OpenFolder, inside, open_copy
from driftloop.pipelines.training.recalibration import Recalibration
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.stored_files import read_checked, write_all
from driftloop.pipelines.training.threads import prepare

HEAD = "scorer.json"
Format = Literal["xgboost", "skops", "pickle", "mlflow", "elsewhere"]
FILES: dict[str, str] = {**opening.FILES, "pickle": "model.pkl"}
LIBRARIES: dict[Format, str] = {
    "xgboost": "xgboost",
    "skops": "scikit-learn",
    "pickle": "scikit-learn",
    "mlflow": "mlflow",
}


class Head(Record):
    """Content of `scorer.json`: how to read the model next to it, and its input format.

    For an adopted model also how its answers are read, the additional types that it was stored with, and whether
    opening it runs code from its files. A model `elsewhere` has no file: it is how its predictions are read.
    `recalibration` is applied to its predictions, and names the version whose model this is.
    """

    version: Literal[1] = 1
    task: Task
    features: Features
    classes: tuple[str, ...]
    by_place: bool = False
    format: Format
    estimator: str
    library: str
    contract: Contract | None = None
    trusted: tuple[str, ...] = ()
    runs_code: bool = False
    elsewhere: Elsewhere | None = None
    recalibration: Recalibration | None = None

    @property
    def needs_leave(self) -> bool:
        """Whether `allow_pickle` is needed to open the model."""
        return self.format == "pickle" or self.runs_code


def save(
    scorer: Scorer, folder: Path, *, trusted_types: Iterable[str] = (), allow_pickle: bool = False
) -> dict[str, str]:
    """Write `scorer.json` and the model into `folder`, and answer with the sha256 of each file by its name.

    xgboost goes into its own format, everything else into skops if it is made of trusted types. What is not raises
    `Untrusted`, which names the types, unless `allow_pickle` is set: then it is pickled, with a warning.
    """
    kind = f"{type(scorer.estimator).__module__}.{type(scorer.estimator).__name__}"
    chosen: Format
    origin = scorer.origin
    if origin is not None:
        chosen, kind, models = "mlflow", origin.kind, origin.files()
        if origin.runs_code and not allow_pickle:
            raise Untrusted(kind, [kind])
    elif isinstance(scorer.estimator, Elsewhere):
        chosen, models = "elsewhere", {}
    else:
        chosen, model = _serialised(scorer.estimator, kind, opening.TRUSTED.union(trusted_types), allow_pickle)
        models = {FILES[chosen]: model}
    head = Head(
        task=scorer.task,
        features=scorer.features,
        classes=scorer.classes,
        by_place=scorer.by_place,
        format=chosen,
        estimator=kind,
        library=version(LIBRARIES[chosen]) if chosen in LIBRARIES else "",
        contract=scorer.contract,
        trusted=tuple(trusted_types) if scorer.contract is not None else (),
        runs_code=origin is not None and origin.runs_code,
        elsewhere=scorer.estimator if isinstance(scorer.estimator, Elsewhere) else None,
        recalibration=scorer.recalibration,
    )
    files = {HEAD: head.model_dump_json(indent=2).encode(), **models}
    return write_all(folder, files)


def save_recalibrated(
    files: Mapping[str, bytes], recalibration: Recalibration, folder: Path, *, copied: str
) -> dict[str, str]:
    """Write the files of a stored model again, unchanged but for its recalibration, which replaces any before.

    Return the sha256 of each by its name. `copied` names the version that the files are from, for an error.
    """
    head = changed(_head(Path(copied), files[HEAD]), recalibration=recalibration)
    return write_all(folder, {**files, HEAD: head.model_dump_json(indent=2).encode()})


def load(
    folder: Path,
    *,
    manifest: Mapping[str, str] | None,
    trusted_types: Iterable[str] = (),
    allow_pickle: bool = False,
    open_folder: OpenFolder | None = None,
) -> Scorer:
    """Read a scorer back; its predictions are equal to the last bit.

    `manifest` is what `save` answered: a file that differs from it, or is not in it, or is gone raises `Tampered`
    before a byte of it is interpreted. None skips that: give it only for a folder that is trusted for another reason.
    A pickle or a python model is opened only with `allow_pickle`, and types that are not trusted are not built: else
    `Untrusted`. `open_folder` opens the folder of a model that is kept as it came.
    """
    read = partial(read_checked, folder, manifest=manifest)
    head = _head(folder, read(HEAD))
    if head.needs_leave and not allow_pickle:
        raise Untrusted(f"{folder.name}/{FILES.get(head.format, FOLDER)}", [head.estimator])
    if head.elsewhere is not None:
        estimator = head.elsewhere
    elif head.format == "mlflow":
        assert open_folder is not None
        there = (
            [file.relative_to(folder).as_posix() for file in inside(folder / FOLDER)] if manifest is None else manifest
        )
        estimator = open_copy([name for name in there if name.startswith(f"{FOLDER}/")], read, open_folder)
    else:
        estimator = _estimator(folder, head, read, trusted_types)
    return Scorer(
        head.task,
        head.features,
        head.classes,
        estimator,
        by_place=head.by_place,
        contract=head.contract,
        recalibration=head.recalibration,
    )


def load_adopted(folder: Path, open_folder: OpenFolder) -> Scorer:
    """Read an adopted model as MLflow would read it: its own folder is trusted, pickles and types included."""
    head = _head(folder, (folder / HEAD).read_bytes())
    return load(folder, manifest=None, trusted_types=head.trusted, allow_pickle=True, open_folder=open_folder)


def is_adopted(folder: Path) -> bool:
    """Return whether the model in a folder was adopted."""
    return _head(folder, (folder / HEAD).read_bytes()).contract is not None


def _head(folder: Path, content: bytes) -> Head:
    try:
        return Head.model_validate_json(content)
    except ValidationError as error:
        raise DriftloopError(
            f"{folder.name}/{HEAD} cannot be read: {error.errors()[0]['msg']}",
            expected="the file that was written with the model, by this version of driftloop or an older one",
            remedy="update driftloop, or retrain",
        ) from error


def _estimator(folder: Path, head: Head, read: Callable[[str], bytes], trusted_types: Iterable[str]) -> Any:
    content = read(FILES[head.format])
    installed = version(LIBRARIES[head.format])
    if head.format != "xgboost" and installed.split(".")[:2] != head.library.split(".")[:2]:
        warnings.warn(
            f"{folder.name} was stored with scikit-learn {head.library} and is read with {installed}: "
            "its predictions may differ; retrain to be sure",
            stacklevel=2,
        )
    return _deserialised(head, content, opening.TRUSTED.union(trusted_types), folder.name)


def _serialised(estimator: Any, kind: str, trusted: frozenset[str], allow_pickle: bool) -> tuple[Format, bytes]:
    if _has_own_format(estimator):
        booster = estimator if type(estimator).__name__ == "Booster" else estimator.get_booster()
        return "xgboost", bytes(booster.save_raw("ubj"))
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        content: bytes = skops.io.dumps(estimator, compression=8, compresslevel=1)  # 8 is zip's deflate
        strange = sorted(set(skops.io.get_untrusted_types(data=content)) - trusted)
    except (UnsupportedTypeException, TypeError, AttributeError):
        strange = [kind]
    if not strange:
        return "skops", content
    if not allow_pickle:
        raise Untrusted(kind, strange)
    import pickle

    warnings.warn(f"{kind} is stored as a pickle, which runs code when it is loaded", stacklevel=3)
    return "pickle", pickle.dumps(estimator, protocol=5)


def _deserialised(head: Head, content: bytes, trusted: frozenset[str], where: str) -> Any:
    prepare()
    with trusting():
        if head.format == "xgboost":
            return opening.open_xgboost(content, head.estimator, f"{where}/{FILES['xgboost']}")
        if head.format == "skops":
            return opening.open_skops(content, f"{where}/{FILES['skops']}", trusted)
    import pickle

    return pickle.loads(content)  # noqa: S301  # only with leave, and its hash was checked


@contextmanager
def trusting() -> Iterator[None]:
    """Raise `Untrusted`, which names the permission in the config, for a type that is not trusted."""
    try:
        yield
    except NotTrusted as error:
        raise Untrusted(error.where, error.kinds) from error


def _has_own_format(estimator: Any) -> bool:
    """Exactly xgboost's own classes: a subclass, or an objective that is a function, would not come back whole."""
    own = (
        type(estimator).__module__ in {"xgboost.core", "xgboost.sklearn"}
        and type(estimator).__name__ in opening.OWN_FORMAT
    )
    return own and not callable(getattr(estimator, "objective", None))
