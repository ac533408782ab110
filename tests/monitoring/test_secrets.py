"""A secret that is written out in an address is found, whatever its spelling, and never said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.config import Source
from monitoring.errors import SecretMissing
from monitoring.secrets import expand, written_out

OPEN = [
    "postgres://ann:hunter2@host/db",
    "postgres://ann:hunter2@host:5432/db?sslmode=require",
    "postgres://:hunter2@host/db",
    "postgres://ann:hunter/2@host/db",
    "postgres://ann:hunter?2@host/db",
    "postgres://ann:hunter#2@host/db",
    "postgres://ann:hunter@2@host/db",
    "postgres://ann:pre${REST}@host/db",
    "postgres://ann:${PG_PASSWORD:-hunter2}@host/db",
    "${SHOP:-postgres://ann:hunter2@host/db}",
    "postgres://ann@host/db?password=hunter2",
    "postgres://ann@host/db?sslmode=require&sslPassword=hunter2",
    "duckdb://md:sales?motherduck_token=hunter2",
    "https://host/rows.csv?access_token=hunter2",
    "https://bucket/rows.parquet?X-Amz-Date=1&X-Amz-Signature=hunter2",
    "https://blob/rows.parquet?sv=1&sig=hunter2",
    "https://host/rows.csv?api-key=hunter2",
    "snowflake://ann@account/db?private_key=hunter2",
]
CLOSED = [
    "rows.parquet",
    "s3://bucket/2026/*.parquet",
    "https://host:8443/a@b/rows.csv",
    "sqlite:///data/rows.db",
    "duckdb:///C:/data/rows.db",
    "postgres://ann@host:5432/db",
    "postgres://ann:@host/db",
    "postgres://ann:${PG_PASSWORD}@host/db",
    "postgres://ann:${PG_PASSWORD:-}@host/db",
    "postgres://${USER}:${PG_PASSWORD}@${HOST}:5432/db",
    "postgres://ann@host/db?password=${PG_PASSWORD}&application_name=driftloop",
    "https://host/rows.csv?token=${TOKEN}&keyboard=qwerty&passenger=ann",
    "${SHOP_DB}",
    "${SHOP_DB:-sqlite:///../data/shop.db}",
]


@pytest.mark.parametrize("address", OPEN)
def test_what_is_written_out_is_found_and_not_said(address: str) -> None:
    """A password or token in plain sight is refused by the config, which names its place and not its value."""
    found = written_out(address)
    assert found is not None
    assert "hunter" not in found
    place = {"path": address, "format": "csv"} if address.startswith("http") else {"url": address, "table": "t"}
    with pytest.raises(ValueError, match="written out") as caught:
        Source.model_validate(place)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("address", CLOSED)
def test_variables_and_addresses_without_secrets_are_fine(address: str) -> None:
    """What is filled from the environment, or needs no password, passes."""
    assert written_out(address) is None


@given(st.text(max_size=80))
def test_any_text_is_looked_through(text: str) -> None:
    """No address, however odd, makes the search fail."""
    assert written_out(f"postgres://{text}") is None or isinstance(written_out(f"postgres://{text}"), str)


def test_a_secret_is_filled_in_at_use_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` becomes the environment's value only in `expand`; the config keeps what was written."""
    monkeypatch.setenv("PASSWORD", "hush")
    url = "postgres://me:${PASSWORD}@host/db"
    source = Source(url=url, table="trips")
    assert expand(url, "source.url") == "postgres://me:hush@host/db"
    assert source.url == url
    assert "hush" not in source.model_dump_json() + repr(source) + str(source.model_dump())


def test_a_default_stands_in_for_what_is_not_set_or_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell; without a default an unset variable is an error and an empty one is empty."""
    monkeypatch.delenv("ROWS", raising=False)
    assert expand("${ROWS:-here}/a${ROWS:-}", "k") == "here/a"
    with pytest.raises(SecretMissing, match=r"source\.path needs the environment variable ROWS"):
        expand("${ROWS}", "source.path")
    monkeypatch.setenv("ROWS", "")
    assert expand("${ROWS:-here}|${ROWS}", "k") == "here|"
    monkeypatch.setenv("ROWS", "${ROWS}")
    assert expand("${ROWS}", "k") == "${ROWS}"


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_a_variable_is_left_alone(text: str) -> None:
    """Dollars, braces and backslashes mean nothing by themselves."""
    assert expand(text, "k") == text
