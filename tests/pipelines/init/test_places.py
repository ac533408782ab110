"""What `driftloop init` is pointed at becomes the source of a model file."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.init.places import slug, source_of


def test_a_path_is_relative_to_the_model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user names it from here, the YAML reads it from its own folder; other places stay as they are."""
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    assert source_of("rows.csv", None, tmp_path / "models").path == "../rows.csv"
    for kept in ("/srv/rows.csv", "s3://bucket/rows.parquet", "${DATA}/rows.csv"):
        assert source_of(kept, None, tmp_path / "models").path == kept


def test_a_format_is_written_only_where_the_ending_does_not_say_it(tmp_path: Path) -> None:
    """`rows.txt` needs `--format csv`, and an ending that names a format needs no second word."""
    assert source_of("/rows.txt", None, tmp_path, "csv").format == "csv"
    assert source_of("/rows.csv", None, tmp_path, "csv").format is None
    assert source_of("/rows.csv", None, tmp_path).format is None
    with pytest.raises(ConfigError, match=r"(?s)its ending names no file format.*--format"):
        source_of("/rows.txt", None, tmp_path)


def test_a_table_in_files_is_known_by_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a log of Delta, a file of metadata of Iceberg; others by the format that the user names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trips" / "_delta_log").mkdir(parents=True)
    assert source_of("trips", None, tmp_path / "models").delta == "../trips"
    assert source_of("s3://bucket/trips", None, tmp_path, "delta").delta == "s3://bucket/trips"
    assert source_of("lake/1.metadata.json", None, tmp_path / "models").iceberg == "../lake/1.metadata.json"
    assert source_of("shop.trips", None, tmp_path / "models", "iceberg").iceberg == "shop.trips"


def test_a_database_needs_a_table(tmp_path: Path) -> None:
    """A URL of a database without `--table` is an error that names the option; with it, it is the source."""
    with pytest.raises(ConfigError, match=r"(?s)without a table.*--table"):
        source_of("postgresql://db/shop", None, tmp_path)
    made = source_of("postgresql://db/shop", "public.sales", tmp_path)
    assert (made.url, made.table) == ("postgresql://db/shop", "public.sales")


def test_a_database_file_is_relative_to_the_model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a path: named from here, read from the YAML's folder; options stay behind it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "shop.db").touch()
    monkeypatch.chdir(tmp_path)
    made = source_of("sqlite://shop.db?mode=ro", "sales", tmp_path / "models")
    assert made.url == "sqlite://../shop.db?mode=ro"
    assert (
        source_of(f"sqlite:///{tmp_path}/shop.db", "sales", tmp_path / "models").url == f"sqlite:///{tmp_path}/shop.db"
    )


@pytest.mark.parametrize(
    ("name", "model"),
    [("Taxi trips.CSV.gz", "Taxi_trips"), ("public.sales", "public_sales"), ("*.parquet", ""), ("x" * 300, "x" * 100)],
)
def test_a_name_of_a_file_is_one_of_a_model(name: str, model: str) -> None:
    """Letters, digits and underscores, without the ending, and no longer than a name may be."""
    assert slug(name) == model
