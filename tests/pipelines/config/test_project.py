"""Every way to break a model file is answered by its place, what was found, what is expected and what to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import TypeAdapter

from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.errors import ConfigError, DriftloopError, UnknownModel, listed
from driftloop.monitoring.losses import LOSSES, fitting
from driftloop.monitoring.policies import AnyTrigger
from driftloop.pipelines.config.project import Project, ProjectFile, load
from driftloop.pipelines.config.schedule import Schedule
from tests import streams


def written(folder: Path, content: str | bytes | dict[str, Any]) -> Path:
    file = folder / "model.yaml"
    if isinstance(content, dict):
        content = yaml.safe_dump(content, sort_keys=False)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def refused(folder: Path, content: str | bytes | dict[str, Any]) -> tuple[str, str, str]:
    """The three parts of the answer, with the folder taken out of it."""
    file = written(folder, content)
    with pytest.raises(ConfigError) as caught:
        load(file)
    return tuple(
        part.replace(str(file), "FILE") for part in (caught.value.found, caught.value.expected, caught.value.remedy)
    )  # type: ignore[return-value]


def changed(**changes: Any) -> dict[str, Any]:
    return streams.config(**changes)


GOOD = yaml.safe_dump(streams.config(), sort_keys=False)
NEXT = GOOD.count("\n") + 1  # the line after it
TRIGGERS = [kind.model_fields["policy"].default for kind in get_args(get_args(AnyTrigger)[0])]
LISTS = "correct the value; `docs/config.md` lists every key"
TOP = (
    "'model', 'task', 'source', 'columns', 'labels', 'windows', 'preflight', 'drift', 'performance', 'metrics', "
    "'predictions', 'slices', 'fairness', 'policies', 'training', 'gate', 'promotion', 'archive', 'schedule', "
    "'engine', 'retention', 'report', 'notify', 'prometheus'"
)
LIMITS = (
    "'min_rows', 'max_new_null_share', 'warn_new_null_share', 'max_unseen_share', 'max_duplicate_share', "
    "'max_out_of_range_share', 'max_silence'"
)
NUMERIC = ", ".join(repr(name) for name, method in METHODS.items() if "numeric" in method.kinds)
CRON = "five fields: minute hour day month weekday, such as 0 6 * * mon-fri"


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    """What is written is what is read, the rest are defaults, and relative paths start at the file's folder."""
    project = load(written(tmp_path, GOOD))
    assert project.file == tmp_path / "model.yaml"
    assert project.folder == tmp_path
    assert project.model_dump(include={"model", "task"}) == {"model": "made", "task": "regression"}
    assert [one.policy for one in project.policies.triggers] == ["performance_drop"]
    assert project.policies.guards == ()
    assert project.schedule == Schedule()


def test_a_file_that_an_editor_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    """The invisible mark that some editors put first is no part of the first key."""
    assert load(written(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())).model == "made"


def test_anchors_and_merged_keys_are_yaml_too(tmp_path: Path) -> None:
    """`<<` takes keys over from another place, and what is stated in its own place wins."""
    gate = load(written(tmp_path, GOOD.replace("gate:\n", "gate:\n  <<: {min_rows: 7, seed: 3}\n"))).gate
    assert (gate.min_rows, gate.seed) == (50, 3)


def test_parameters_keep_their_types(tmp_path: Path) -> None:
    """A parameter's keys and values reach the estimator as YAML reads them, numbers as keys included."""
    params = {"class_weight": {0: 1.0, 1: 5.0}, "deep": [1, None, True]}
    assert load(written(tmp_path, changed(training__params=params))).training.params == params


CASES: dict[str, tuple[str | bytes | dict[str, Any], str, str, str]] = {
    "unknown key": (
        changed(tresholds=1),
        "FILE: tresholds: an unknown key",
        f"one of the keys {TOP}",
        "remove it, or correct its spelling.",
    ),
    "unknown key, misspelt": (
        {**{key: value for key, value in streams.config().items() if key != "task"}, "tsk": "regression"},
        "FILE: tsk: an unknown key",
        f"one of the keys {TOP}",
        "remove it, or correct its spelling. Did you mean 'task'? (and 1 more: 'task')",
    ),
    "unknown key within": (
        changed(preflight__min_row=3),
        "FILE: preflight.min_row: an unknown key",
        f"one of the keys {LIMITS}",
        "remove it, or correct its spelling. Did you mean 'min_rows'?",
    ),
    "unknown key of one column's drift": (
        changed(drift__columns={"amount": {"methd": "ks"}}),
        "FILE: drift.columns.amount.methd: an unknown key",
        "one of the keys 'method', 'threshold', 'effect_floor'",
        "remove it, or correct its spelling. Did you mean 'method'?",
    ),
    "key of our own": (
        changed(file="other.yaml"),
        "FILE: file: an unknown key",
        "a key of the config",
        "remove it",
    ),
    "missing key": (
        {key: value for key, value in streams.config().items() if key != "training"},
        "FILE: training: is missing",
        "a value",
        "add the key; `driftloop init DATA` writes a whole file",
    ),
    "two missing keys": (
        changed(columns={"numeric": ["amount"]}),
        "FILE: columns.time: is missing",
        "a value",
        "add the key; `driftloop init DATA` writes a whole file (and 1 more: 'columns.target')",
    ),
    "nothing where keys belong": (changed(training=None), "FILE: training: nothing", "keys with values", LISTS),
    "text for a number": (
        changed(preflight__min_rows="many"),
        "FILE: preflight.min_rows: 'many'",
        "a whole number",
        LISTS,
    ),
    "fraction for a count": (changed(gate__min_rows=1.5), "FILE: gate.min_rows: 1.5", "a whole number", LISTS),
    "number out of range": (changed(gate__confidence=95), "FILE: gate.confidence: 95", "a number below 1", LISTS),
    "no truth value": (changed(training__refit="maybe"), "FILE: training.refit: 'maybe'", "true or false", LISTS),
    "name that YAML reads as false": (
        GOOD.replace("target: y", "target: no"),
        "FILE: columns.target: false",
        "text",
        "put it in quotes: YAML reads yes, no, on and off as true and false",
    ),
    "key that YAML reads as true": (
        GOOD + "yes: 1\n",
        "FILE: true as a key",
        "a key that is text",
        "put it in quotes: YAML reads yes, no, on and off as true and false",
    ),
    "text for a list": (
        changed(columns__numeric="amount"),
        "FILE: columns.numeric: 'amount'",
        "a list",
        "put it in brackets: [amount]",
    ),
    "one of a few words": (
        changed(task="regresion"),
        "FILE: task: 'regresion'",
        "'regression', 'binary' or 'multiclass'",
        "correct the value. Did you mean 'regression'?",
    ),
    "model name": (
        changed(model="my model"),
        "FILE: model: 'my model'",
        "1 to 100 letters, digits and _ . -, starting with a letter or a digit",
        LISTS,
    ),
    "duration without a unit": (
        changed(training__window=56),
        "FILE: training.window: 56",
        "a duration such as 7d, 12h, 30m or 2w (y, w, d, h, m for minutes, s)",
        LISTS,
    ),
    "duration of nothing": (
        changed(windows__current="0d"),
        "FILE: windows.current: '0d'",
        "a duration above 0",
        LISTS,
    ),
    "holdout too long": (
        changed(training__holdout="21d"),
        "FILE: training.holdout: 21d of 21d",
        "a holdout that is shorter than training.window, of which it is the newest part",
        LISTS,
    ),
    "nothing to learn from": (
        changed(training__window="21d", training__holdout="21d"),
        "FILE: training.holdout: 21d of 21d",
        "a holdout that is shorter than training.window, of which it is the newest part",
        LISTS,
    ),
    "policy name": (
        changed(policies__triggers=[{"policy": "drift_shar"}]),
        "FILE: policies.triggers[0]: no policy 'drift_shar'",
        f"one of {listed(TRIGGERS, 99)}",
        "correct the name. Did you mean 'drift_share'?",
    ),
    "guard among the triggers": (
        changed(policies__triggers=[{"policy": "never"}, {"policy": "cooldown", "days": 3}]),
        "FILE: policies.triggers[1]: no policy 'cooldown'",
        f"one of {listed(TRIGGERS, 99)}",
        "correct the name.",
    ),
    "policy without its name": (
        changed(policies__triggers=[{"max_rise": 0.1}]),
        "FILE: policies.triggers[0]: no policy is named",
        "a policy, such as {policy: cooldown, days: 14}",
        "write - policy: NAME, and its parameters below",
    ),
    "loss that is none": (
        changed(performance__loss="msa"),
        "FILE: performance.loss: no loss 'msa'",
        f"one of {listed(LOSSES, 99)}",
        "correct the name. Did you mean 'mse'?",
    ),
    "loss without its name": (
        changed(performance={"delta": 2}),
        "FILE: performance: no loss is named",
        "a loss, such as {loss: mae}",
        "write loss: NAME, and its parameters below",
    ),
    "loss as a mere word": (
        changed(performance="mae"),
        "FILE: performance: 'mae'",
        "keys with values",
        "write it with its key: loss: mae",
    ),
    "key that a loss does not have": (
        changed(performance={"loss": "mae", "delta": 2}),
        "FILE: performance.delta: an unknown key",
        "one of the keys 'loss'",
        "remove it, or correct its spelling.",
    ),
    "policy as a mere word": (
        changed(policies__triggers=["never"]),
        "FILE: policies.triggers[0]: 'never'",
        "keys with values",
        "write it with its key: - policy: never",
    ),
    "policy parameter misspelt": (
        changed(policies__guards=[{"policy": "cooldown", "day": 3}]),
        "FILE: policies.guards[0].day: an unknown key",
        "one of the keys 'policy', 'days'",
        "remove it, or correct its spelling. Did you mean 'days'? (and 1 more: 'policies.guards[0].days')",
    ),
    "policy parameter missing": (
        changed(policies__triggers=[{"policy": "max_age"}]),
        "FILE: policies.triggers[0].max_age_days: is missing",
        "a value",
        "add the key; `driftloop init DATA` writes a whole file",
    ),
    "policy parameter out of range": (
        changed(policies__triggers=[{"policy": "drift_share", "threshold": 50}]),
        "FILE: policies.triggers[0].threshold: 50",
        "a number of at most 1",
        LISTS,
    ),
    "no trigger": (
        changed(policies__triggers=[]),
        "FILE: policies.triggers: an empty list",
        "at least 1 in the list",
        LISTS,
    ),
    "drift method": (
        changed(drift__numeric={"method": "wasserstien"}),
        "FILE: drift.numeric.method: 'wasserstien'",
        f"a method for numeric columns: one of {NUMERIC}",
        "correct the name. Did you mean 'wasserstein'?",
    ),
    "drift method that is left out": (
        changed(drift__columns={"amount": {"method": "mannw"}}),
        "FILE: drift.columns.amount.method: 'mannw'",
        f"a method for numeric columns: one of {NUMERIC}",
        "correct the name. mannw is not available: one-sided: it sees rises and not falls; use ks.",
    ),
    "drift method of Evidently without its prefix": (
        changed(drift__numeric={"method": "anderson"}),
        "FILE: drift.numeric.method: 'anderson'",
        f"a method for numeric columns: one of {NUMERIC}",
        "correct the name. Did you mean 'evidently:anderson'?",
    ),
    "drift threshold in words": (
        changed(drift__columns={"amount": {"threshold": "high"}}),
        "FILE: drift.columns.amount.threshold: 'high'",
        "`calibrated`, or a number above 0 (1e-12 to 1e+12)",
        "correct the value, or remove it",
    ),
    "drift method that cannot be calibrated": (
        changed(drift__numeric={"method": "evidently:ks", "threshold": "calibrated"}),
        "FILE: drift.numeric.threshold: calibrated",
        "a number: evidently:ks cannot be calibrated, because it is not computed from profiles",
        "remove it (0.05 is the default), or choose a method without `evidently:`",
    ),
    "drift of no column": (
        changed(drift__columns={"amont": {"method": "ks"}}),
        "FILE: drift.columns.amont: no such column",
        "a feature, the target or 'prediction'",
        "correct the name, or add the column to columns. Did you mean 'amount'?",
    ),
    "p-value in per cent": (
        changed(drift__numeric={"method": "evidently:ks", "threshold": 5}),
        "FILE: drift.numeric.threshold: 5",
        "a share below 1: evidently:ks scores are p-values, which are all below 5",
        "for example 0.05, which is 5%",
    ),
    "loss of another task": (
        changed(performance__loss="log_loss"),
        "FILE: performance.loss: 'log_loss'",
        f"a loss that fits task regression: one of {listed(fitting('regression'))}",
        LISTS,
    ),
    "source in two places": (
        changed(source={"path": "a.csv", "url": "duckdb://", "table": "t"}),
        "FILE: source: both path and url",
        "one of path (files), url and table (a database), delta, or iceberg (a table in files)",
        "keep one of them",
    ),
    "source without a format": (
        changed(source={"path": "rows.dat"}),
        "FILE: source.path: 'rows.dat', whose ending names no format",
        "a path that ends in one of .parquet, .pq, .csv, .csv.gz, .jsonl, .ndjson, .jsonl.gz, .ndjson.gz",
        "set source.format to parquet or csv or jsonl",
    ),
    "password in the wrong place": (
        changed(source="postgres://me:secret@host/db"),
        "FILE: source: 'postgres://me:***@host/db'",
        "keys with values",
        LISTS,
    ),
    "predictions elsewhere": (
        changed(predictions={"path": "s3://bucket/log"}),
        "FILE: predictions.path: a URL",
        "a folder that this machine can write to",
        (
            "log to a local folder, and sync it to where it should be; a table that a model elsewhere writes is "
            "predictions.source"
        ),
    ),
    "password in plain text": (
        changed(source={"url": "postgres://me:secret@host/db", "table": "trips"}),
        "FILE: source.url: a password in plain text",
        "${NAME} in its place, filled from the environment when the source is opened",
        "put it into an environment variable: postgres://user:${PG_PASSWORD}@host/database",
    ),
    "token in plain text": (
        changed(source={"path": "https://host/rows.csv?token=secret"}),
        "FILE: source.path: the secret 'token' in plain text",
        "${NAME} in its place, filled from the environment when the source is opened",
        "put it into an environment variable: postgres://user:${PG_PASSWORD}@host/database",
    ),
    "time zone": (
        changed(schedule={"time_zone": "Berlin"}),
        "FILE: schedule.time_zone: 'Berlin'",
        "a time zone such as UTC or Europe/Berlin",
        LISTS,
    ),
    "weekday by number": (
        changed(schedule={"cron": "0 6 * * 8"}),
        "FILE: schedule.cron: '8' as the weekday",
        f"{CRON}; weekday: 0 to 7, where 0 and 7 are Sunday",
        LISTS,
    ),
    "cron without five fields": (
        changed(schedule={"cron": "@daily"}),
        "FILE: schedule.cron: '@daily', which has 1",
        CRON,
        LISTS,
    ),
    "nothing to draw from": (
        changed(training__search={"space": {"max_depth": []}}),
        "FILE: training.search.space.max_depth: an empty list",
        "at least 1 in the list",
        LISTS,
    ),
    "key given twice": (
        GOOD + "task: binary\n",
        f"FILE: line {NEXT}: the key 'task' is given twice",
        "well-formed YAML",
        "correct that line",
    ),
    "tabs": (
        GOOD.replace("  path", "\tpath"),
        r"FILE: line 4: found character '\t' that cannot start any token",
        "well-formed YAML",
        "put spaces where it has tabs",
    ),
    "indent": (
        GOOD.replace("  path", "  format: csv\n   path"),
        "FILE: line 5: mapping values are not allowed here",
        "well-formed YAML",
        "correct that line or the one above: the indents differ, or a value with : or # needs quotes",
    ),
    "two documents": (
        GOOD + "---\nmodel: other\n",
        f"FILE: line {NEXT}: found another document",
        "well-formed YAML",
        "keep one document: remove the line ---",
    ),
    "quote left open": (
        GOOD + "x: 'abc\n",
        f"FILE: line {NEXT + 1}: found unexpected end of stream",
        "well-formed YAML",
        "correct that line",
    ),
    "list as a key": (
        "? [a, b]\n: 1\n",
        "FILE: line 1: a key that is no text",
        "well-formed YAML",
        "correct that line",
    ),
    "code": (
        GOOD + "x: !!python/name:os.system\n",
        f"FILE: line {NEXT}: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system'",
        "well-formed YAML",
        "correct that line",
    ),
    "zero byte": (
        GOOD + "\0",
        "FILE: unacceptable character #x0000: special characters are not allowed",
        "well-formed YAML",
        "correct that line",
    ),
    "not UTF-8": (
        GOOD.encode() + "# größe\n".encode("latin-1"),
        f"FILE: line {NEXT}: is not UTF-8 text",
        "a YAML file",
        "save it again as UTF-8",
    ),
    "UTF-16": (GOOD.encode("utf-16"), "FILE: line 1: is not UTF-8 text", "a YAML file", "save it again as UTF-8"),
    "empty": (
        "",
        "FILE: is empty",
        "keys such as model, task, source",
        "start with `driftloop init DATA`",
    ),
    "only comments": (
        "# later\n",
        "FILE: is empty",
        "keys such as model, task, source",
        "start with `driftloop init DATA`",
    ),
    "a list": (
        "- model: a\n",
        "FILE: holds a list",
        "keys such as model, task, source",
        "start with `driftloop init DATA`",
    ),
    "a word": (
        "hello",
        "FILE: holds 'hello'",
        "keys such as model, task, source",
        "start with `driftloop init DATA`",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_mistake_is_answered_in_three_parts(case: str, tmp_path: Path) -> None:
    """The answer names file and key or line, what was found, what is expected, and what to do, word for word."""
    content, *answer = CASES[case]
    assert list(refused(tmp_path, content)) == answer


def test_a_loop_of_anchors_is_refused(tmp_path: Path) -> None:
    """A mapping that contains itself ends as an error, not as an endless recursion."""
    assert refused(tmp_path, "a: &a {b: *a}\n")[0] == "FILE: line 1: an anchor that holds itself"


def test_a_file_that_is_not_there_is_reported_with_what_is(tmp_path: Path) -> None:
    """A wrong path names the model files that are next to it."""
    there = written(tmp_path, GOOD)
    with pytest.raises(UnknownModel) as caught:
        load(tmp_path / "modle.yaml")
    assert caught.value.found == f"there is no model file {str(tmp_path / 'modle.yaml')!r}"
    assert repr(str(there)) in caught.value.expected
    assert f"Did you mean {str(there)!r}?" in caught.value.remedy


def test_a_folder_is_not_a_file_and_names_those_inside(tmp_path: Path) -> None:
    """A folder is answered by the model files that it holds."""
    with pytest.raises(ConfigError, match=f"{tmp_path}: is a folder[\\s\\S]*start with `driftloop init DATA`"):
        load(tmp_path)
    file = written(tmp_path, GOOD)
    with pytest.raises(ConfigError, match=f"name one of '{file}'"):
        load(tmp_path)


def test_secrets_stay_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is dumped, logged or shown of a project holds the value of an environment variable."""
    monkeypatch.setenv("PASSWORD", "hush-hush")
    url = "postgres://me:${PASSWORD}@host/db"
    project = load(written(tmp_path, changed(source={"url": url, "table": "trips"})))
    assert project.model_dump()["source"]["url"] == url
    assert "hush" not in f"{project.model_dump_json()}{project!r}{project.model_dump()}"


def test_a_flow_takes_a_path_or_a_project(tmp_path: Path) -> None:
    """A path is read, a project is taken as it is, and a wrong path is our own error, not pydantic's."""
    adapter: TypeAdapter[Project] = TypeAdapter(ProjectFile)
    file = written(tmp_path, GOOD)
    project = adapter.validate_python(str(file))
    assert project == load(file)
    assert adapter.validate_python(project) is project
    with pytest.raises(DriftloopError, match="there is no model file"):
        adapter.validate_python("nowhere.yaml")


def test_a_challenger_is_older_than_its_window_by_what_is_held_back(tmp_path: Path) -> None:
    """The holdout, a fifth of the window if not given, and the gap of the label delay; nothing after a refit."""
    held, delay, plain = "training__holdout", "columns__label_delay", {"training__refit": False}
    for changes, expected in (
        ({"training__window": "10d", held: None, delay: "1d", **plain}, timedelta(days=3)),
        ({"training__window": "10d", held: "4d", delay: "0d", **plain}, timedelta(days=4)),
        ({held: "4d", "training__refit": True}, timedelta()),
        ({held: "4d", delay: "9d"}, timedelta()),
    ):
        assert load(written(tmp_path, changed(**changes))).held_back == expected
