"""What `init` cannot use is named as the user typed it, with what to do; nothing is overwritten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import ConfigError, SourceMissing
from driftloop.pipelines.cli import main
from driftloop.pipelines.init import propose
from tests.streams import stream


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    stream(20).to_csv("trips.csv", index=False)


def init(data: str, **more: Any) -> None:
    known: dict[str, Any] = dict.fromkeys(("table", "model", "target", "time", "output")) | {"force": False}
    propose(data, **{**known, **more})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("trip.csv", r"(?s)^trip.csv: file not found.*Did you mean 'trips.csv'"),
        ("other.parquet", r"(?s)^other.parquet: file not found.*there are 'trips.csv'"),
        ("nowhere/*.csv", r"(?s)^nowhere/\*.csv: no file matches.*the folder 'nowhere' does not exist"),
        ("model.yaml", r"(?s)^model.yaml: is a YAML file.*driftloop check model.yaml"),
        ("rows.json", r"(?s)^rows.json: is a JSON document.*TO 'FILE.parquet'"),
        ("rows.xlsx", r"(?s)^rows.xlsx: is a spreadsheet"),
        (".", r"(?s)^.: is a folder.*'\*.csv'"),
    ],
)
def test_what_is_no_data_is_named_as_it_was_typed(data: str, message: str) -> None:
    """The file as the user wrote it, what it is, and what would do."""
    with pytest.raises(ConfigError, match=message):
        init(data)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("trips.csv", "ends in '.csv'"),
        ("model", "has no ending"),
        (".", "is a folder"),
        ("trips.csv/model.yaml", "cannot be written"),
    ],
)
def test_a_model_file_is_written_over_nothing_else(output: str, message: str) -> None:
    """Not even with --force are the data overwritten, and a place that cannot be written to is named."""
    before = Path("trips.csv").read_bytes()
    with pytest.raises(ConfigError, match=message):
        init("trips.csv", output=Path(output), force=True)
    assert Path("trips.csv").read_bytes() == before


def test_a_host_that_does_not_exist_is_named() -> None:
    """A wrong name in a URL is no missing file."""
    with pytest.raises(SourceMissing, match=r"the host 'bad\.invalid' cannot be resolved"):
        init("https://bad.invalid/rows.csv")


@pytest.fixture
def refusing() -> Iterator[str]:
    """A server that answers 403 to everything."""

    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(403)

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_a_server_answers_is_reported(refusing: str) -> None:
    """Forbidden is no missing file either, and neither is a port that no one listens on."""
    with pytest.raises(SourceMissing, match="the server answers 403"):
        init(f"{refusing}/rows.csv")
    with pytest.raises(SourceMissing, match="the server does not answer"):
        init("http://127.0.0.1:9/rows.csv")


def test_a_pattern_that_the_shell_replaced_is_explained() -> None:
    """Several names instead of one pattern: quotes."""
    found = CliRunner().invoke(main, ["init", "a.csv", "b.csv"])
    assert found.exit_code == 2
    assert "Quote a pattern" in found.output


def test_an_ending_that_names_no_format_is_refused_with_the_known_ones() -> None:
    """Of a file and of a URL; with --format the file is read, and the model file states its format."""
    Path("trips.csv").rename("trips.txt")
    for data in ("trips.txt", "http://localhost:1/rows?id=3"):
        with pytest.raises(
            ConfigError, match=r"(?s)names no file format.*\.parquet, \.pq, \.csv.*--format parquet or csv"
        ):
            init(data)
    done = CliRunner().invoke(main, ["init", "trips.txt", "--format", "csv"])
    assert done.exit_code == 0, done.output
    assert "  format: csv\n" in Path("trips_txt.yaml").read_text()
