"""Version of a model elsewhere that serves: found in its predictions, and made the champion once it has a reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from driftloop.monitoring import sources
from driftloop.monitoring.errors import ConfigError, TrainingImpossible
from driftloop.monitoring.ledger import Request, digest
from driftloop.monitoring.quality.predicted import Predicted, predictions
from driftloop.monitoring.records import Check, FindingCode, Outcome, Window
from driftloop.monitoring.sources import Serving
from driftloop.monitoring.windows import reference_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows import measuring, requesting
from driftloop.pipelines.flows.reading import read
from driftloop.pipelines.registry import Version, promotion
from driftloop.pipelines.requests import recovery
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import phases

VERSION_TOOK_OVER = FindingCode(
    name="version_took_over",
    severities=("info",),
    meaning="a new version of a model elsewhere scored most rows of the window, and is the champion now, with a "
    "reference of its own",
    cause="the model was retrained or rolled back where it is trained",
    remedy="nothing; loss and drift are compared with the new version's reference from now on",
)
VERSION_PENDING = FindingCode(
    name="version_pending",
    severities=("warning",),
    meaning="a new version of a model elsewhere scored most rows of the window, and cannot be the champion yet",
    cause="it has scored too few rows with labels in `windows.reference_span` before the labeled window",
    remedy="wait; a lower `predictions.min_rows` shortens the time",
)


@dataclass(frozen=True)
class Followed:
    """The champion after new versions were followed, the versions of the rows, and why there is no champion.

    `ready`: only that this is a dry run keeps a version from being the champion.
    """

    champion: Version | None
    serving: Serving
    reason: str = ""
    ready: bool = False


def follow(run: CheckRun, champion: Version | None) -> Followed:
    """Make the version that scored most rows of the window the champion, if it has scored enough labeled rows before.

    More than half of the scored rows count. A dry run changes nothing. Two concurrent checks request the same, and a
    process that dies is resumed.
    """
    config = run.config
    phases.enter("finding the version that serves")
    serving = sources.serving(config.source, config.reading, run.window, config.folder, run.now)
    run.rows = serving.rows
    version = majority(serving)
    if version is None or (champion is not None and champion.follows == version):
        reason = "" if champion else _nothing_scored(config, serving, run.window)
        return Followed(champion, serving, reason)
    span = reference_window(run.window, config.columns.label_delay, config.training.window)
    rows = f"{serving.scored[version]:,} of {serving.rows:,} rows of {run.window}"
    why = _unready(run, version, span)
    if why is None and not run.dry_run:
        request = _request(run, champion, version, span, f"version {version!r} scored {rows}")
        done = requesting.carry_out_here(config, request)
        why = None if done.promoted else done.reason
    ready = why is None and run.dry_run
    if ready:
        why = "a dry run changes nothing; a check would make it the champion"
    if why is not None:
        stays = f"version {champion.number} ({champion.follows!r}) stays the champion" if champion else "no champion"
        run.notice(VERSION_PENDING, f"version {version!r} scored {rows}; {stays}: {why}" if champion else None)
        return Followed(champion, serving, f"no champion yet: version {version!r} scored {rows}; {why}", ready)
    before = f", in place of version {champion.number} ({champion.follows!r})" if champion else ""
    champion = measuring.find_champion(config.model)
    number = champion.number if champion else None
    run.notice(VERSION_TOOK_OVER, f"version {version!r} scored {rows}: it is the champion, version {number}{before}")
    return Followed(champion, serving)


def majority(serving: Serving) -> str | None:
    """Return the version that scored more than half of the scored rows; None if there is none.

    >>> from collections import Counter
    >>> majority(Serving(10, 0, Counter({"7": 6, "8": 4}))), majority(Serving(10, 0, Counter({"7": 5, "8": 5})))
    ('7', None)
    """
    total = sum(serving.scored.values()) + serving.disputed
    return next((version for version, rows in serving.scored.items() if 2 * rows > total), None)


def without_champion(run: CheckRun, followed: Followed) -> Check:
    """End a check that has no champion to judge."""
    config = run.config
    if run.rows == 0:
        return run.exit(Outcome.NO_DATA, f"no champion yet: {no_rows(config, run.window)}")
    counts = _counts(run, run.window)
    run.findings += tuple(predictions(Predicted(), counts, Serving(), "", config.predictions))
    return run.exit(Outcome.HELD if followed.ready else Outcome.TOO_FEW_ROWS, followed.reason)


def look(run: CheckRun, known: Project, fresh: Fresh, followed: Followed | None) -> None:
    """Add what was found of the predictions of the window to a check; nothing for a model that is here."""
    champion = followed.champion.follows if followed is not None and followed.champion is not None else None
    if followed is None or champion is None or fresh.predicted is None:
        return
    run.scored_by = champion
    predicted = fresh.predicted.counted(run.window)
    run.findings += tuple(
        predictions(predicted, _counts(run, run.window), followed.serving, champion, known.predictions)
    )


def refuse_followed(config: Project, champion: Version) -> None:
    """Refuse a config that trains where the champion is a version of a model elsewhere."""
    if config.trains and champion.follows is not None:
        raise ConfigError(
            str(config.file),
            "predictions.source",
            f"not set, and the champion of {config.model} (version {champion.number}) is version "
            f"{champion.follows!r} of a model elsewhere",
            expected="predictions.source and training: none, as when that version took over",
            remedy="restore both, or give the config another model name: its first check trains a model",
        )


def _counts(run: CheckRun, window: Window) -> sources.LabelCounts:
    config = run.config
    present = max(run.now, datetime.now(UTC)) + recovery.CLOCK_SLACK
    return sources.count_predictions(config.source, config.reading, window.start, run.now, present, config.folder)


def _nothing_scored(config: Project, serving: Serving, window: Window) -> str:
    if not serving.scored:
        table = config.predictions.source
        where = table.title if table else ""
        return (
            f"no champion yet: none of the {serving.rows:,} rows of {window} has a prediction in {where}; compare some "
            "values of columns.id and predictions.id, and the times in predictions.time"
        )
    each = ", ".join(f"{version!r} {rows:,}" for version, rows in serving.scored.most_common(8))
    return f"no champion yet: no version scored more than half of the {serving.rows:,} rows of {window}: {each}"


def _unready(run: CheckRun, version: str, span: Window) -> str | None:
    """Return why a version cannot be the champion yet; None if it can be."""
    from driftloop.pipelines.flows.following import scored_rows
    from driftloop.pipelines.training.elsewhere import classes_of

    config = run.config
    scored = scored_rows(config, read(Query(config, span, config.folder, run.now, version)))
    least = config.predictions.min_rows
    if len(scored.labeled) < least:
        return (
            f"it scored {len(scored.rows):,} rows from {span}, {len(scored.labeled):,} of them with a label; {least:,} "
            "are needed for its reference (predictions.min_rows, windows.reference_span)"
        )
    try:
        classes_of(config, scored.labeled, version)
    except TrainingImpossible as error:
        return error.found
    return None


def _request(run: CheckRun, champion: Version | None, version: str, span: Window, reason: str) -> Request:
    """The request to follow a version. It is the same until the champion has moved."""
    number = champion.number if champion else None
    moves = run.ledger.events(run.config.model, most=1, kinds=promotion.MOVES)
    settings = settings_of(run.config)
    last = moves[0].number if moves else None
    return Request(
        request_id=digest("follow", run.config.model, version, number, last, settings)[:16],
        model=run.config.model,
        champion=number,
        window=span,
        now=run.now,
        reason=reason,
        settings=settings,
        follows=version,
    )
