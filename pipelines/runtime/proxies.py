"""Proxies of the environment: not used for servers on this machine, and dropped if Prefect's client cannot use them."""

from __future__ import annotations

import functools
import logging
import os
import re
from urllib.request import getproxies_environment

log = logging.getLogger("driftloop.prefect")
# A proxy never reaches a server on this machine.
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def exempt_loopback() -> None:
    """Add this machine to `no_proxy` and `NO_PROXY`; entries that are already there stay.

    Most clients read the lower-case name and ignore the other one if both are set, so each is written.
    """
    both = {name: os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")}
    either = both["no_proxy"] or both["NO_PROXY"]
    for name, value in both.items():
        known = [part.strip() for part in (value or either).split(",") if part.strip()]
        missing = () if "*" in known else (host for host in LOOPBACK if host not in known)
        os.environ[name] = ",".join([*known, *missing])


def drop_unusable() -> None:
    """Remove proxies that Prefect's client cannot use from the environment: it refuses to start with one, used or not.

    These are SOCKS without the package socksio, `socks://`, and invalid URLs.
    """
    proxies = getproxies_environment()
    for scheme in ("http", "https", "all"):
        url = proxies.get(scheme)
        why_not = _why_unusable(url) if url else None
        if url and why_not:
            names = [name for name in os.environ if name.lower() == f"{scheme}_proxy"]
            for name in names:
                del os.environ[name]
            log.warning("%s is ignored: Prefect's client cannot use %s: %s", names[0], _masked(url), why_not)


@functools.cache
def _why_unusable(url: str) -> str | None:
    import httpx

    try:
        # As the client itself creates it; without certificates, which take longest to read.
        httpx.HTTPTransport(verify=False, proxy=httpx.Proxy(url if "://" in url else f"http://{url}")).close()
    except Exception as error:
        return _masked(str(error))
    return None


def _masked(text: str) -> str:
    return re.sub(r"//\S*@", "//***@", text)
