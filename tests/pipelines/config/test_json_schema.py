"""The JSON Schema accepts what `load` accepts, and refuses misspelled keys and names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from driftloop.pipelines.cli import main
from driftloop.pipelines.config.json_schema import NAME, json_schema, write_schema
from driftloop.pipelines.config.project import load
from tests import streams

jsonschema = pytest.importorskip("jsonschema")
CONFIGS = sorted((Path(__file__).resolve().parents[3] / "configs").glob("*.y*ml"))
VALID: dict[str, dict[str, Any]] = {
    "plain": {},
    "chosen window": {"training__window": "choose"},
    "chosen span": {"training__window": {"choose": "28d"}},
    "loss": {"performance": {"loss": "mse"}},
    "loss with a parameter": {"performance": {"loss": "pinball", "quantile": 0.9}},
    "loss of the user": {"performance": {"loss": "mylosses:asymmetric"}},
    "nested policies": {
        "policies": {
            "triggers": [
                {"policy": "all_of", "triggers": [{"policy": "max_age", "max_age_days": 9}, {"policy": "always"}]}
            ],
            "guards": [{"policy": "cooldown", "days": 7}],
        }
    },
    "labels": {"columns__id": ["order"], "labels": {"path": "outcomes.csv", "key": ["order"], "time": "known_at"}},
    "drift": {"drift": {"numeric": {"method": "ks"}, "columns": {"amount": {"method": "psi"}}}},
    "schedule": {"schedule": {"cron": "0 6 * * *", "time_zone": "Europe/Berlin"}},
    "search": {"training__search": {"trials": 4, "space": {"max_depth": [3, 6]}}},
    "notify": {"notify": {"urls": ["slack://${SLACK_TOKEN}"], "on": ["drift"]}},
}
INVALID: dict[str, dict[str, Any]] = {
    "unknown key": {"colums": {}},
    "unknown key of a section": {"windows__curent": "7d"},
    "unknown policy": {"policies": {"triggers": [{"policy": "drift_shar"}]}},
    "unknown parameter of a policy": {"policies": {"triggers": [{"policy": "max_age", "days": 9}]}},
    "unknown task": {"task": "regresion"},
    "unknown loss": {"performance": {"loss": "maee"}},
    "out of range": {"gate__min_rows": -1},
    "the path that the reader sets": {"file": "model.yaml"},
}


def messages(content: Any) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return [error.message for error in jsonschema.Draft202012Validator(json_schema()).iter_errors(content)]


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.name)
def test_each_config_of_the_repository_is_valid(file: Path) -> None:
    """As it is written, environment variables included."""
    assert messages(yaml.safe_load(file.read_text("utf-8"))) == []


@pytest.mark.parametrize("name", VALID)
def test_what_load_accepts_is_valid(name: str, tmp_path: Path) -> None:
    """Short forms and unions too."""
    file = streams.write(tmp_path, **VALID[name])
    load(file)
    assert messages(yaml.safe_load(file.read_text("utf-8"))) == []


@pytest.mark.parametrize("name", INVALID)
def test_misspelled_keys_and_names_are_refused(name: str) -> None:
    """An editor marks them while they are typed."""
    assert messages(streams.config(**INVALID[name]))


def test_the_command_prints_it_and_init_writes_the_same(tmp_path: Path) -> None:
    """One JSON object, the same next to a config."""
    done = CliRunner().invoke(main, ["schema"])
    assert done.exit_code == 0
    write_schema(tmp_path)
    assert json.loads(done.stdout) == json_schema() == json.loads((tmp_path / NAME).read_text("utf-8"))
