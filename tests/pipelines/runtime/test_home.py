"""All state is under one folder, and what the user has set stays set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.errors import HomeUnusable, StorageUnusable
from driftloop.pipelines.runtime import home

ROOT = Path(__file__).resolve().parents[3]
SET = [*home.QUIET, *home.EMBEDDED_PREFECT, "PREFECT_HOME", "MLFLOW_TRACKING_URI", "PREFECT_API_URL"]
SET += ["no_proxy", "NO_PROXY"]


@pytest.fixture
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment in which nothing of ours is set, and a home of this test's own."""
    for name in [*SET, "DRIFTLOOP_LEDGER_URL"]:
        monkeypatch.setenv(name, "")  # remembered, so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "state"))


def test_the_home_is_where_the_environment_puts_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`DRIFTLOOP_HOME`, `~` included, or `.driftloop` in the working folder; always absolute."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRIFTLOOP_HOME", "here")
    assert home.home() == tmp_path / "here"
    monkeypatch.setenv("DRIFTLOOP_HOME", "")
    assert home.home() == tmp_path / ".driftloop"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DRIFTLOOP_HOME", "~/there")
    assert home.home() == tmp_path / "there"


@pytest.fixture
def _unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No state folder is named, and the working folder is empty."""
    monkeypatch.setenv("DRIFTLOOP_HOME", "")  # remembered, so that it is restored
    monkeypatch.delenv("DRIFTLOOP_HOME")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_unset")
def test_without_a_config_the_nearest_state_folder_upwards_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As git finds its folder; without one it is in the working folder."""
    assert home.home() == tmp_path / ".driftloop"
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".driftloop").mkdir()
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert home.home() == tmp_path / ".driftloop"
    (tmp_path / "a" / ".driftloop").mkdir()
    assert home.home() == tmp_path / "a" / ".driftloop"


@pytest.mark.usefixtures("_unset")
@pytest.mark.parametrize(
    ("there", "config", "here", "expected"),
    [
        ("srv/.driftloop", "srv/m/a.yaml", "", "srv/.driftloop"),
        ("srv/.driftloop", "srv/a.yaml", "other", "srv/.driftloop"),
        ("other/.driftloop", "srv/a.yaml", "other", "srv/.driftloop"),
        (".driftloop", "srv/m", "other", ".driftloop"),
        (None, "srv/m/a.yaml", "srv", "srv/.driftloop"),
        (None, "srv/m/a.yaml", "other", "srv/m/.driftloop"),
        (None, "personal/m/a.yaml", "personal", "personal/m/.driftloop"),
    ],
)
def test_state_belongs_to_the_config(
    there: str | None, config: str, here: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found from any working folder, and a new one is where it will be found again."""
    for folder in ("srv/m", "other", "personal/m"):
        (tmp_path / folder).mkdir(parents=True)
    if there:
        (tmp_path / there).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "personal"))
    monkeypatch.chdir(tmp_path / here)
    home.belong_to([Path(os.path.relpath(tmp_path / config))])
    assert home.home() == tmp_path / expected
    assert os.environ["DRIFTLOOP_HOME"] == str(tmp_path / expected)
    monkeypatch.chdir("/")
    home.belong_to([tmp_path / config])
    assert home.home() == tmp_path / expected


@pytest.mark.usefixtures("_unset")
def test_configs_of_two_state_folders_are_refused(tmp_path: Path) -> None:
    """In one command, and one after the other in one process: their stores cannot be mixed."""
    for name in "ab":
        (tmp_path / name / ".driftloop").mkdir(parents=True)
    configs = [tmp_path / "a" / "m.yaml", tmp_path / "b" / "m.yaml"]
    with pytest.raises(HomeUnusable, match="not all configs belong to it"):
        home.belong_to(configs)
    home.belong_to(configs[:1])
    with pytest.raises(HomeUnusable, match="this process already uses"):
        home.belong_to(configs[1:])


def test_a_named_state_folder_has_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`DRIFTLOOP_HOME` stays as the user has set it."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "state"))
    (tmp_path / ".driftloop").mkdir()
    home.belong_to([tmp_path / "m.yaml"])
    assert home.home() == tmp_path / "state"


@pytest.mark.usefixtures("_bare")
def test_preparing_makes_the_folder_and_keeps_all_state_in_it(tmp_path: Path) -> None:
    """After `prepare` Prefect, MLflow, the ledger and the reports all are in the home, and telemetry is off."""
    place = home.prepare()
    assert place == tmp_path / "state"
    assert place.is_dir()
    assert os.environ["PREFECT_HOME"] == str(place / "prefect")
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{place / 'mlflow.db'}"
    assert home.ledger_url() == f"sqlite:///{place / 'ledger.db'}"
    assert home.reports("taxi") == place / "reports" / "taxi"
    assert {name: os.environ[name] for name in home.QUIET} == home.QUIET
    assert home.prepare() == place


@pytest.mark.usefixtures("_bare")
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's URL, a tracking URI, a ledger and even telemetry are the user's to choose."""
    chosen = {"PREFECT_API_URL": "http://p/api", "MLFLOW_TRACKING_URI": "http://m", "DO_NOT_TRACK": "false"}
    for name, value in {**chosen, "DRIFTLOOP_LEDGER_URL": "postgresql+psycopg://l"}.items():
        monkeypatch.setenv(name, value)
    home.prepare()
    assert {name: os.environ[name] for name in chosen} == chosen
    assert home.ledger_url() == "postgresql+psycopg://l"
    assert not set(home.EMBEDDED_PREFECT) & set(os.environ)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_the_url_of_a_file_names_that_file(name: str) -> None:
    """Whatever characters a folder has, SQLAlchemy reads its path back from our URL, and from that URL written out."""
    file = Path("/srv") / name / "ledger.db"
    for driver in ("pysqlite", "aiosqlite"):
        url = sa.make_url(home.sqlite_url(file, driver))
        assert url.database == str(file)
        assert sa.make_url(url.render_as_string()).database == str(file)


@pytest.mark.usefixtures("_bare")
def test_a_home_that_is_a_file_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A place that cannot be a folder is named, with what to do."""
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "taken"))
    with pytest.raises(HomeUnusable, match=r"taken cannot be used: File exists[\s\S]*set DRIFTLOOP_HOME"):
        home.prepare()


def test_a_disk_that_is_almost_full_is_reported_before_anything_begins() -> None:
    """It names the folder and both figures; with room enough nothing is stated."""
    home.prepare()
    home.require_room(least_mb=0)
    with pytest.raises(
        StorageUnusable, match=r"state folder .* MB free on its disk, at least 1,000,000,000,000 MB needed"
    ):
        home.require_room(least_mb=10**12)


def test_home_imports_nothing_heavy() -> None:
    """The environment must be set before the parts are imported, so this module must not import them."""
    heavy = {"prefect", "mlflow", "numpy", "pandas", "sqlalchemy"}
    code = f"import sys, driftloop.pipelines.runtime.home; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
