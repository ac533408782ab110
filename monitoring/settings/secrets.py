"""Secrets in addresses of the config: filled from the environment, and detected in plain text."""

from __future__ import annotations

import html
import json
import os
import re
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from markupsafe import escape

from driftloop.monitoring.errors import SecretMissing

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
# Up to the last @ of an address: one within the password may not be escaped.
PASSWORD = re.compile(r"(://[^:/@\s]*):([^\s\"'<>,]*|[^@\s]+)@")
# Words in the name of a query parameter whose value opens a door: sslpassword, access_token, X-Amz-Signature.
TELLING = ("password", "passwd", "passphrase", "pwd", "token", "secret", "signature", "apikey", "accesskey")
TELLING_WHOLE = ("pass", "sig", "key", "auth", "credential", "credentials", "privatekey", "accountkey")

# Notification services whose address is no secret but for a password. All others keep a token in host, user or path.
OPEN_SERVICES = frozenset({
    "dbus", "emby", "embys", "enigma2", "enigma2s", "form", "forms", "gio", "glib", "gnome", "growl", "irc",
    "ircs", "jellyfin", "jellyfins", "json", "jsons", "kde", "kodi", "kodis", "macosx", "mailto", "mailtos",
    "mqtt", "mqtts", "ncloud", "nclouds", "nctalk", "nctalks", "ntfy", "ntfys", "qt", "rsyslog", "signal",
    "signals", "smpp", "smpps", "syslog", "windows", "xbmc", "xbmcs", "xml", "xmls", "xmpp", "xmpps",
})  # fmt: skip
# Letters and digits without a break, or of a length that no one gives to a name.
TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])(?:[A-Za-z0-9:_-]{32,}|[A-Za-z0-9]{16,})")
FILLED = "\0"


def expand(text: str, key: str) -> str:
    """Fill `${NAME}` and `${NAME:-default}` from the environment at the time of use.

    As in a shell, the default replaces a variable that is not set or empty.

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


def spellings(secret: str) -> set[str]:
    """List the ways in which an engine, a library or a log may spell a secret. One or two letters are no secret.

    >>> sorted(spellings("a/b c"))
    ['a%2Fb%20c', 'a%2Fb+c', 'a/b c', 'a/b%20c', 'a/b+c']
    """
    known = {secret, unquote(secret), unquote_plus(secret)}
    known |= {spelled for one in tuple(known) for spelled in (quote(one, safe=""), quote(one), quote_plus(one))}
    known |= {quote_plus(secret, safe="/"), html.escape(secret), str(escape(secret))}
    # Within quotes, as Python and JSON write a text.
    known |= {repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {one for one in known if len(one) > 2}


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


def is_secret(name: str, value: str) -> bool:
    """Return whether a property with such a name holds a secret in plain sight.

    >>> is_secret("s3.secret-access-key", "abc"), is_secret("token", "${TOKEN}"), is_secret("uri", "https://host")
    (True, False, False)
    """
    whole, rest = _up_to_last(value, "}")
    plain = VARIABLE.sub(lambda variable: variable.group(2) or "", whole) + rest
    bare = re.sub(r"[^a-z]", "", name.lower())
    last = re.sub(r"[^a-z]", "", name.lower().rpartition(".")[2])
    telling = last in TELLING_WHOLE or any(word in bare for word in (*TELLING, "connectionstring"))
    return bool(plain) and telling


def token_written_out(url: str) -> str | None:
    """Name the secret that a notification URL holds in plain sight, never its value; None if there is none.

    What `written_out` finds, and the tokens that most services keep in host, user or path.

    >>> token_written_out("slack://T0/B0/abc"), token_written_out("json://host/hooks/9f86d081884c7d659a2f")
    ("a token of 'slack'", "a token of 'json'")
    >>> token_written_out("tgram://${BOT_TOKEN}/12345"), token_written_out("mailto://robot:${PASSWORD}@example.org")
    (None, None)
    """
    if (secret := written_out(url)) is not None:
        return secret
    whole, rest = _up_to_last(url, "}")
    plain = VARIABLE.sub(lambda variable: variable.group(2) or FILLED, whole) + rest
    scheme, found, place = plain.partition("?")[0].partition("://")
    if not found or FILLED in scheme:
        return None
    parts = re.split("[/@]", place)
    closed = scheme.lower() not in OPEN_SERVICES and FILLED not in place
    inside = not scheme.lower().startswith("mailto") and any(TOKEN.fullmatch(part) for part in parts)
    return f"a token of {scheme!r}" if closed or inside else None


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
    >>> without_passwords("postgres://ann:a@b@db/x, postgres://ann:${PASSWORD}@db/x")
    'postgres://ann:***@db/x, postgres://ann:${PASSWORD}@db/x'
    """
    return "".join(map(_hidden, re.split(r"(\s+)", text)))


def _hidden(word: str) -> str:
    whole, rest = _up_to_last(word, "@")
    return PASSWORD.sub(lambda found: f"{found[1]}:{_stars(found[2])}@", whole) + rest


def _stars(password: str) -> str:
    """Return what is shown of a password; a variable is not one yet."""
    return password if VARIABLE.fullmatch(password) else "***"


def _up_to_last(text: str, end: str) -> tuple[str, str]:
    """Split a text after the last `end`: what a pattern that ends so searches beyond it costs its length squared."""
    at = text.rfind(end) + 1
    return text[:at], text[at:]
