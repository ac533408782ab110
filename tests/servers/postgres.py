"""A real PostgreSQL server for the tests, on a free port; stopped by its pid, and nothing of it stays."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.servers.ports import free_port

ROLE = "driftloop"
BOOT_SECONDS = 60.0
# No test needs to outlive a power cut. What was committed does outlive a kill of the server: that is tested.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "autovacuum": "off",
    "deadlock_timeout": "50ms",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


def programs() -> Path | None:
    """Where `initdb` and `postgres` are: on the path, or where Debian keeps them; None if they are not installed."""
    found = shutil.which("initdb")
    there = [Path(found).resolve()] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return there[-1].parent if there else None


class Postgres:
    """A server with a data folder of its own. Everybody needs the password."""

    def __init__(self, bin_: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="driftloop-postgres-"))
        self.password, self.port, self._bin = secrets.token_hex(8), free_port(), bin_
        self._server: subprocess.Popen[bytes] | None = None
        # The server refuses to be root.
        nobody = pwd.getpwnam("nobody")
        self._as: dict[str, Any] = (
            {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        if self._as:
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        words = f"-D data -U {ROLE} -A scram-sha-256 --pwfile password --no-sync --locale C.UTF-8 --encoding UTF8"
        self._run("initdb", *words.split())
        secret.unlink()

    def url(self, place: str = "", *, role: str = ROLE, password: str | None = None) -> str:
        """The address of the database; of a schema in it, if `place` names one."""
        inside = f"?options=-csearch_path%3D{place}" if place else ""
        return f"postgresql://{role}:{password or self.password}@127.0.0.1:{self.port}/postgres{inside}"

    def start(self) -> None:
        """Start it, or start it again on what it left."""
        settings = [word for name, value in QUICK.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", "data", "-p", str(self.port), *settings]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self._as)
        last = time.monotonic() + BOOT_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > last:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: connections are ended, and transactions that are open are lost. SIGQUIT stops it as a crash does."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(BOOT_SECONDS)
            self._server = None

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def place(self) -> str:
        """A schema of its own, empty; gives its name. A hundred times cheaper than a database, and as far apart."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE SCHEMA {name}")
        return name

    def database(self) -> str:
        """A database of its own, empty, for a program that knows no schemas; gives its address."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql+asyncpg://{ROLE}:{self.password}@127.0.0.1:{self.port}/{name}"

    def dump(self, place: str) -> str:
        """Everything in a schema as statements that make it again, as `pg_dump` writes them."""
        return self._run("pg_dump", "--schema", place, "--dbname", self.url())

    def restore(self, place: str, dumped: str) -> None:
        """Put a schema back as it was."""
        self.execute(f"DROP SCHEMA {place} CASCADE")
        self._run("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", self.url(), text=dumped)

    def execute(self, sql: str, place: str = "") -> list[tuple[Any, ...]]:
        """Run statements as the owner of everything; gives the rows of the last one."""
        with psycopg.connect(self.url(place), autocommit=True) as open_:
            found = open_.execute(sql)
            return found.fetchall() if found.description else []

    def disconnect(self) -> int:
        """End every connection but our own, as an administrator does; gives how many there were."""
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        return len(self.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"))

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *words: str, text: str | None = None) -> str:
        command = [str(self._bin / program), *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, input=text, **self._as)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stderr}")
        return done.stdout


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the session. A test takes a place of its own in it."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("PostgreSQL's server programs are not installed: apt-get install postgresql")
    server = Postgres(bin_)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _version(initdb: Path) -> float:
    return float(initdb.parts[-3])
