"""Secrets of an address in the config: filled in from the environment, and found where they are written out."""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qsl, urlsplit

from monitoring.errors import SecretMissing

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]+@")
# Words in the name of a query parameter whose value opens a door: sslpassword, access_token, X-Amz-Signature.
TELLING = ("password", "passwd", "passphrase", "pwd", "token", "secret", "signature", "apikey", "accesskey")
TELLING_WHOLE = ("pass", "sig", "key", "auth", "credential", "credentials", "privatekey", "accountkey")


def expand(text: str, key: str) -> str:
    """Fill `${NAME}` and `${NAME:-default}` from the environment, at the moment of use and not before.

    As in a shell, the default stands in for a variable that is not set or empty.

    >>> expand("${NO_SUCH_VARIABLE:-here}/rows.csv", "source.path")
    'here/rows.csv'
    """

    def fill(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        value = os.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise SecretMissing(key, name)
        return value

    whole, rest = _up_to_last(text, "}")
    return VARIABLE.sub(fill, whole) + rest


def variables(text: str) -> list[str]:
    """List the names of the variables that a text is filled from.

    >>> variables("postgres://${USER}:${PG_PASSWORD:-}@host")
    ['USER', 'PG_PASSWORD']
    """
    return [name for name, _ in VARIABLE.findall(_up_to_last(text, "}")[0])]


def written_out(address: str) -> str | None:
    """Name the secret that an address holds in plain sight, never its value; None if there is none.

    A part that is nothing but `${NAME}` is no secret. A default, `${NAME:-value}`, is written out like any other text.

    >>> written_out("postgres://ann:hunter2@host/db"), written_out("https://host/rows.csv?token=abc")
    ('a password', "the secret 'token'")
    >>> written_out("postgres://ann:${PG_PASSWORD}@host/db?sslpassword=${KEY}&sslmode=require") is None
    True
    """
    whole, rest = _up_to_last(address, "}")
    plain = VARIABLE.sub(lambda variable: variable.group(2) or "", whole) + rest
    if "://" not in plain:
        return None
    if _password(plain):
        return "a password"
    query = plain.partition("?")[2].partition("#")[0]
    for name, value in parse_qsl(query.replace(";", "&"), keep_blank_values=True):
        bare = re.sub(r"[^a-z]", "", name.lower())
        if value and (bare in TELLING_WHOLE or any(word in bare for word in TELLING)):
            return f"the secret {name!r}"
    return None


def _password(address: str) -> bool:
    try:
        known = urlsplit(address)
        if known.password:
            return True
        known.port  # noqa: B018  (raises where the part after the colon is no number)
    except ValueError:
        # An unescaped / ? or # ends the host for a parser, so that a part of a password stands where the port should.
        return without_passwords(address) != address
    return False


def without_passwords(text: str) -> str:
    """Hide the passwords of the URLs in a text.

    >>> without_passwords("no answer from postgres://ann:secret@db/x in 3 s")
    'no answer from postgres://ann:***@db/x in 3 s'
    """
    return "".join(map(_hidden, re.split(r"(\s+)", text)))


def _hidden(word: str) -> str:
    whole, rest = _up_to_last(word, "@")
    return PASSWORD.sub(r"\1:***@", whole) + rest


def _up_to_last(text: str, end: str) -> tuple[str, str]:
    """Split a text after the last `end`: what a pattern that ends so searches beyond it costs its length squared."""
    at = text.rfind(end) + 1
    return text[:at], text[at:]
