"""Contents of a version of a model: files, MLmodel, tags, what its run shows, and its loss on rows."""

from __future__ import annotations

import io
import json
import platform
import tempfile
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring import sources
from driftloop.monitoring.drift.reference import PREDICTION
from driftloop.monitoring.errors import StoredModelDiffers
from driftloop.monitoring.profiles import Profiles, load, save
from driftloop.monitoring.records import Reference, Window
from driftloop.monitoring.rows.scored import score_columns
from driftloop.monitoring.slices.conditions import beyond_features
from driftloop.monitoring.sources.places import scrubber
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import content_digest
from driftloop.pipelines.gate import Verdict
from driftloop.pipelines.registry import Stored, Version, evidence, holdout, origins, packing
from driftloop.pipelines.registry.mlflow_parts import described_source
from driftloop.pipelines.training import loss_model, plots, storage
from driftloop.pipelines.training.loss_model import LossModel
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import Part, losses, row_losses
from driftloop.pipelines.training.tasks import TRAININGS

PROOF, ANSWER = "proof.parquet", "driftloop: answer "
UNKNOWN_LEVEL = "driftloop: a category that was never seen"
PROFILES = "profiles.npz"
REQUIREMENTS = ("driftloop", "xgboost", "scikit-learn", "skops", "pandas", "numpy")


def profiles(version: Version) -> Profiles:
    """Return the profiles of every row of the version's reference, prediction included."""
    return load(io.BytesIO(registry.checked(version, PROFILES)))


def store(
    config: Project,
    scorer: Scorer,
    estimator: LossModel,
    reference: Reference,
    profiles: Profiles,
    rows: pd.DataFrame,
    tried: pd.DataFrame,
    held: tuple[pd.DataFrame, np.ndarray],
    *,
    run_id: str,
    older: Version | None = None,
) -> Stored:
    """Store the model in its own format with the estimator of its loss, its reference, profiles, signature and example.

    `tried` are rows whose predictions are stored with the model, an unseen category in every categorical column
    included: `prove` compares the loaded model with them, in any process. `held` are the held-out rows, in order of
    time, with the loss of each. With `older` the scorer is a recalibration of that version: its model files are copied
    unchanged.
    """
    settings, columns = config.training, config.columns
    kept = [columns.time, *beyond_features(config.slices, columns), *columns.features, columns.target, PREDICTION]

    def fill(folder: Path) -> None:
        if older is not None and scorer.recalibration is not None:
            storage.save_recalibrated(registry.model_files(older), scorer.recalibration, folder, copied=older.number)
        else:
            storage.save(scorer, folder, trusted_types=settings.trusted_types, allow_pickle=settings.allow_pickle)
        loss_model.save(estimator, folder)
        (folder / "reference.json").write_text(reference.model_dump_json(indent=1))
        save(profiles, folder / PROFILES)
        rows[kept].to_parquet(folder / "reference.parquet", index=False)
        holdout.write(config, *held, folder)
        if packing.travels(scorer, folder):
            needed = packing.requirements(folder)
        elif older is not None:
            needed = registry.checked(older, "requirements.txt").decode().splitlines()
        else:
            needed = [f"{name}=={installed(name)}" for name in REQUIREMENTS]
            if scorer.origin is not None:
                needed += origins.requirements(scorer.origin.folder, frozenset(REQUIREMENTS))
        (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in needed))
        _proof(config, scorer, tried).to_parquet(folder / PROOF, index=False)
        example = rows[[*columns.features]].head(5)
        (folder / "input_example.json").write_text(example.to_json(orient="split", index=False))

    return registry.store(
        config.model,
        run_id=run_id,
        fill=fill,
        describe=lambda folder, model_id: _write_mlmodel(folder, model_id, run_id, config, scorer),
        params={"estimator": type(scorer.estimator).__name__ if scorer.contract else settings.estimator},
    )


def tags(reference: Reference, trained: Window, verdict: Verdict, request_id: str) -> dict[str, str]:
    """Return the searchable tags of a version: its request, the rows it was trained on, the gate's verdict."""
    return {
        "driftloop.request_id": request_id,
        "driftloop.trained_on": json.dumps([trained.model_dump(mode="json")]),
        "driftloop.gate": verdict.code,
        "driftloop.gate_reason": verdict.reason[:4000],
        "driftloop.loss": f"{reference.loss_name}={reference.loss:.6g}",
        "driftloop.reference_window": str(reference.window),
    }


def brought_back(version: Version, verdict: Verdict, request_id: str) -> dict[str, str]:
    """Return the tags of an earlier version that will serve again: its own, with this request and this verdict."""
    own = {
        "driftloop.request_id": request_id,
        "driftloop.gate": verdict.code,
        "driftloop.gate_reason": verdict.reason[:4000],
        "driftloop.brought_back": version.number,
    }
    return {**version.tags, **own}


def losses_of(config: Project, version: Version, rows: pd.DataFrame) -> np.ndarray:
    """Return values of rows, in their order, whose mean is the loss of the stored model of a version: shape (n,)."""
    return losses(config, registry.scorer(version, config.training), as_known(rows, registry.reference(version)))


def row_losses_of(config: Project, version: Version, rows: pd.DataFrame) -> np.ndarray:
    """Return the loss of every row by the stored model of the version, in the order of the rows: shape (n,)."""
    return row_losses(config, registry.scorer(version, config.training), as_known(rows, registry.reference(version)))


def prove(config: Project, version: Version) -> Scorer:
    """Load the version back and compare its predictions with those that were stored with it; return its scorer."""
    stored = registry.table(version, PROOF)
    answers = [name for name in stored.columns if name.startswith(ANSWER)]
    loaded = registry.scorer(version, config.training)
    before, after = stored[answers].to_numpy(), _answers(loaded, stored.drop(columns=answers))
    same = np.isclose(before, after, rtol=1e-6, atol=1e-9, equal_nan=True).all(axis=1)
    if not same.all():
        raise StoredModelDiffers(f"{version.model} version {version.number}", int((~same).sum()), len(stored))
    return loaded


def _proof(config: Project, scorer: Scorer, rows: pd.DataFrame) -> pd.DataFrame:
    columns = config.columns
    strange = rows.head(1).assign(**dict.fromkeys(columns.categorical, UNKNOWN_LEVEL))
    tried = pd.concat([rows, strange], ignore_index=True)[[*columns.features, *score_columns(config.predictions)]]
    answers = _answers(scorer, tried)
    return tried.assign(**{f"{ANSWER}{at}": answers[:, at] for at in range(answers.shape[1])})


def _answers(scorer: Scorer, rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(scorer.predict(rows)).reshape(len(rows), -1)


def log_datasets(
    run_id: str,
    config: Project,
    parts: Mapping[str, pd.DataFrame],
    drawn_from: Mapping[str, Part | None] | None = None,
) -> None:
    """Log the dataset lineage: which rows were used for what, named by a sha256 over all of them.

    `drawn_from` has the rows that a part is a sample of.
    """
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = _scrub(config, " ".join([config.source.address, *_part(config)]))
    inputs = []
    for context, frame in parts.items():
        features = frame[[*config.columns.features, config.columns.target]]
        whole = (drawn_from or {}).get(context)
        rows = len(features) if whole is None else whole.rows
        dataset = from_pandas(
            _schema_rows(features),
            source=described_source(source),
            name=f"{config.model} {context}",
            digest=(content_digest(frame) if whole is None else whole.digest)[:36],
            targets=config.columns.target,
        ).to_dict()
        dataset["profile"] = json.dumps({"num_rows": rows, "num_elements": rows * len(features.columns)})
        inputs.append(DatasetInput(Dataset(**dataset), tags=[InputTag("mlflow.data.context", context)]))
    registry.client().log_inputs(run_id, datasets=inputs)


def _part(config: Project) -> list[str]:
    """Return the table of a database, or the version that was read of a table of Delta Lake or Iceberg."""
    section = config.source.section
    versions = [table.title for table in sources.versions_read() if table.section == section]
    return [config.source.table] if config.source.table else versions


def _schema_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that determine a schema: of each column the first with a value and the first without one.

    MLflow reads every value of every column, a third of a second for eight weeks of flights.

    >>> _schema_rows(pd.DataFrame({"n": [1.0, 2.0, 3.0, None], "c": ["a", None, "b", "c"]})).index.tolist()
    [0, 1, 3]
    """
    places = {0} if len(frame) else set()
    for _, values in frame.items() if len(frame) else ():
        empty = values.isna().to_numpy()
        places |= {int(empty.argmax()), int(empty.argmin())}
    return frame.iloc[sorted(places)]


def log_challenger(
    run_id: str, config: Project, scorer: Scorer, holdout: pd.DataFrame, params: Mapping[str, Any]
) -> None:
    """Log parameters, importances and the plot of the errors on the holdout."""
    client = registry.client()
    evidence.log_numbers(
        run_id, _validation(scorer), {"estimator": config.training.estimator, **_parameters(scorer, params)}
    )
    whole = evidence.as_json(config.model_dump(mode="json", exclude={"file"}))
    client.log_text(run_id, _scrub(config, whole), "config.json")
    importances = plots.importances(scorer)
    with tempfile.TemporaryDirectory() as scratch:
        if importances:
            client.log_dict(run_id, importances, "importances.json")
            plots.importance_plot(importances, Path(scratch) / "importances.png")
        if len(holdout):
            target, predicted = holdout[config.columns.target].to_numpy(), scorer.predict(holdout)
            TRAININGS[config.task].draw(target, predicted, scorer.classes, Path(scratch))
        client.log_artifacts(run_id, scratch, "plots")


def _parameters(scorer: Scorer, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as configured, or as the recipe completes them."""
    if scorer.recipe is None:
        return dict(params)
    return {"chosen": scorer.recipe.estimator, **params, **scorer.recipe.params}


def _validation(scorer: Scorer) -> dict[str, float]:
    """Return the validation loss of each estimator that was tried."""
    tried = scorer.recipe.validation if scorer.recipe else {}
    return {f"validation_loss_{name.rpartition('.')[2]}": value for name, value in tried.items()}


def _scrub(config: Project, text: str) -> str:
    """Hide a password written in a URL; variables stay as they are."""
    written = config.source.address
    return scrubber(written, written)(text)


def _write_mlmodel(folder: Path, model_id: str, run_id: str, config: Project, scorer: Scorer) -> None:
    """Write the MLmodel file, and the code that `mlflow.pyfunc.load_model` opens the model with."""
    from mlflow import pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    # Of any type: as "double" MLflow would refuse a whole number, as "string" a numbered category, and show the rows
    # in its error. The loader converts them to numbers and labels as a check does; the metadata has the kinds.
    features = scorer.features
    anything: Any = AnyType()  # type: ignore[no-untyped-call]
    inputs = [ColSpec(anything, name, required=False) for name in features.names]
    answers = [ColSpec("double", name) for name in scorer.classes] or [ColSpec("double")]
    (folder / "python_env.yaml").write_text(
        f"python: {platform.python_version()}\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n"
    )
    described = Model(
        run_id=run_id,
        model_id=model_id,
        signature=ModelSignature(inputs=Schema([*inputs]), outputs=Schema([*answers])),
        metadata={
            "target": config.columns.target,
            "numeric": list(features.numeric),
            "categorical": list(features.categorical),
        },
        saved_input_example_info={
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        },
    )
    travels = packing.travels(scorer, folder)
    loader = packing.pack(folder) if travels else "driftloop.pipelines.registry.serving"
    code = packing.CODE if travels else None
    pyfunc.add_to_model(described, loader_module=loader, code=code, python_env="python_env.yaml")
    described.save(str(folder / "MLmodel"))
