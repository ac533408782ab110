"""What is done while the server boots: nothing heavy before an early exit, nothing loud, and no error of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from ssl import create_default_context
from typing import Any

from prefect.settings import PREFECT_API_SSL_CERT_FILE, PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY
from prefect.settings.context import get_current_settings

from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.warmup import _server, prefect_ready
from tests import streams
from tests.conftest import Model
from tests.streams import day

Make = Callable[..., Model]
AHEAD = """
import json, sys
from datetime import datetime, timezone
from pathlib import Path
from driftloop.pipelines.runtime import home
home.prepare()
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.warmup import _import_ahead
for file in sys.argv[1:]:
    _import_ahead(load(file), datetime(2026, 1, 22, tzinfo=timezone.utc))
    print(json.dumps([name for name in ("evidently", "xgboost", "prefect") if name in sys.modules]))
"""


def test_a_process_has_one_server_and_pays_for_nothing_that_no_one_uses(prefect: None) -> None:
    """Entered again it is the same server; no thread for heartbeats, and one certificate for what goes without any."""
    url = PREFECT_API_URL.value()
    with prefect_ready():
        assert PREFECT_API_URL.value() == url == _server().url
        assert PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value() is None
        assert len(create_default_context(cafile=PREFECT_API_SSL_CERT_FILE.value()).get_ca_certs()) == 1
    assert get_current_settings().api.url == url


def test_what_is_wrong_is_left_for_the_flow_to_report(prefect: None, tmp_path: Path) -> None:
    """A source that is not there does not stop the warm-up: the flow meets and records it."""
    with prefect_ready(load(streams.write(tmp_path)), day(21)):
        pass


def test_the_look_ahead_imports_what_will_be_needed(process: Callable[..., Any], tmp_path: Path) -> None:
    """Without rows in the window nothing; for a first training xgboost and no Evidently."""
    none = streams.write(tmp_path / "none", streams.stream(5))
    some = streams.write(tmp_path / "some", streams.stream(21))
    done = process("-c", AHEAD, none, some, python=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[], ["xgboost"]], done.stderr
