"""A secret that is written out in an address is found, whatever its spelling, and never stated."""

from __future__ import annotations

import html
import json
import re
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from driftloop.monitoring.errors import SecretMissing
from driftloop.monitoring.settings.secrets import (
    OPEN_SERVICES,
    expand,
    token_written_out,
    variables,
    without_passwords,
    written_out,
)
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.places import scrubber
from driftloop.pipelines.notify.notices import Notify

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
def test_what_is_written_out_is_found_and_not_shown(address: str) -> None:
    """A password or token in plain sight is refused by the config, which names its place and not its value."""
    found = written_out(address)
    assert found is not None
    assert "hunter" not in found
    place = {"path": address, "format": "csv"} if address.startswith("http") else {"url": address, "table": "t"}
    with pytest.raises(ValueError, match="in plain text") as caught:
        Source.model_validate(place)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("address", CLOSED)
def test_variables_and_addresses_without_secrets_are_fine(address: str) -> None:
    """What is filled from the environment, or needs no password, passes."""
    assert written_out(address) is None


WEBHOOK = "9f86d081884c7d659a2feaa0"


@pytest.mark.parametrize(
    "url",
    [
        "slack://A/B/C", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", "slack://robot@A/B/C",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://id/token", "discord://${ID}/" + "a1" * 34,
        "tgram://123456789:AABBccDD_eeff/12315544", "tgram://token/chat", "pover://user@token", "gotify://host/token",
        "ifttt://key@event", "lark://abc", "nosuchservice://abc", "slack://${A:-T0}/B0/C0",
        "https://hooks.slack.com/services/T0/B0/abc", "https://discord.com/api/webhooks/1/abc", "http://host/hook",
        f"json://host/hooks/{WEBHOOK}", f"jsons://{WEBHOOK}@host/", f"form://host/{WEBHOOK}/x", f"ntfy://{WEBHOOK}@ntfy.sh/t",
        "xml://host/0b7f0c2e-63a4-4c4e-9d0c-1f1d1a7f2a11", "mailto://robot:hunter2@example.org", "json://host/?token=x",
    ],
)  # fmt: skip
def test_a_token_of_a_notification_service_is_found_and_not_shown(url: str) -> None:
    """Wherever a service keeps its token: in the host, in the path, or as a whole webhook."""
    found = token_written_out(url)
    assert found is not None
    with pytest.raises(ValidationError) as caught:
        Notify(urls=[url])
    (error,) = caught.value.errors()
    assert str(error["ctx"]["error"]).startswith(f"{found} in plain text: expected a URL with its secrets written as ")
    for part in re.split("[/@?:=]+", url.partition("://")[2]):
        assert part.isalpha() or len(part) < 4 or part not in str(error["ctx"]["error"])


@pytest.mark.parametrize(
    "url",
    [
        "${SLACK_URL}", "slack://${TOKEN}/#general", "slack://${A}/${B}/${C}", "tgram://${BOT_TOKEN}/12345",
        "discord://4174216298/${TOKEN}", "https://hooks.slack.com/services/${HOOK}", "json://127.0.0.1:8000/hook",
        "json://host/team-alerts-2026-q3/driftloop", "mailto://robot:${PASSWORD}@example.org/ops@example.org",
        "mailtos://smtp.example.org?user=robot&pass=${PASSWORD}", "ntfy://model-alerts", "syslog://", "dbus://",
        "mailto://notifications2026team:${PASSWORD}@mail.example.org", "gotify://host/${TOKEN}", "json://${HOST}/x",
    ],
)  # fmt: skip
def test_a_notification_url_without_a_secret_is_taken(url: str) -> None:
    """Variables, and services whose address is no secret."""
    assert token_written_out(url) is None
    assert Notify(urls=[url]).urls == (url,)


def test_an_open_service_has_no_token_in_its_address() -> None:
    """By apprise's own description: any process that adds a service to the list without looking fails here."""
    from apprise.manager_plugins import NotificationManager

    known = NotificationManager()
    for scheme in OPEN_SERVICES:
        service = known[scheme]
        slots = {slot for template in service.templates for slot in re.findall(r"{(\w+)}", template)}
        private = {slot for slot in slots if service.template_tokens.get(slot, {}).get("private")}
        assert private <= {"password"} or scheme in {"ntfy", "ntfys"}, scheme


@given(st.text())
def test_any_text_is_looked_through_for_tokens(text: str) -> None:
    """No URL, however odd, makes the search fail."""
    for url in (text, f"json://{text}", f"slack://{text}"):
        assert token_written_out(url) is None or url not in str(token_written_out(url))


@pytest.mark.parametrize("secret", ["p w/d", 'it"s', "it's\\", "ü&<b>", "a+b=c", "tab\there"])
def test_a_secret_is_hidden_however_it_is_spelled(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a URL, a form, Python, JSON and HTML spell it; nothing of it is left."""
    monkeypatch.setenv("PG_PASSWORD", secret)
    scrub = scrubber("postgres://ann:${PG_PASSWORD}@db/x", f"postgres://ann:{quote(secret, safe='')}@db/x")
    spelled = [quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1], html.escape(secret)]
    spelled += [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], secret]
    for one in spelled:
        assert scrub(f"no answer with {one} from db") == "no answer with ${PG_PASSWORD} from db", one


@pytest.mark.parametrize("piece", ["${a:-", "://a:", "${", "a@", "://", "&token=", "a1"])
def test_a_long_text_is_searched_fast(piece: str) -> None:
    """Time grows with the length of an address, not with its square."""
    begun = time.thread_time()
    long = piece * 20_000
    for url in (long, f"json://{long}", f"slack://x{long}"):
        token_written_out(url)
        without_passwords(url)
        variables(url)
    assert time.thread_time() - begun < 3


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


def test_a_default_replaces_what_is_not_set_or_empty(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_text_without_a_variable_is_left_unchanged(text: str) -> None:
    """Dollars, braces and backslashes mean nothing by themselves."""
    assert expand(text, "k") == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("MlflowException: API request to http://ann:hush@ml:5000/api failed", "http://ann:***@ml:5000/api failed"),
        ("at 'http://ann:hu@sh@ml/a@b', and more", "at 'http://ann:***@b', and more"),
        ('{"a":"http://u:hush@h","b":"http://u:hush@h"}', '{"a":"http://u:***@h","b":"http://u:***@h"}'),
        ("postgres://ann:${PASSWORD}@db/x", "postgres://ann:${PASSWORD}@db/x"),
        ("postgres://ann:${PASSWORD}hush@db/x", "postgres://ann:***@db/x"),
    ],
)
def test_passwords_of_addresses_are_hidden(text: str, shown: str) -> None:
    """Also one with an @ that is not escaped, and in JSON, which stays JSON; a variable is no password."""
    hidden = without_passwords(text)
    assert shown in hidden
    assert "hush" not in hidden
    assert "sh@" not in hidden
