"""The container files name what is there; no image is built here."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import yaml
from sqlalchemy.engine import make_url

from driftloop.pipelines.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_the_image_takes_every_package_and_the_tested_versions() -> None:
    """Each path that is copied is there and not ignored; all packages and the constraints are among them."""
    copied = {word for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = project["tool"]["setuptools"]["package-dir"].values()
    assert {folder.partition("/")[0] for folder in folders} <= copied
    assert "constraints.txt" in copied
    extras = re.findall(r"'\.\[(\w+)\]'", DOCKERFILE)
    assert extras
    assert set(extras) <= set(project["project"]["optional-dependencies"])


def test_services_name_each_other_and_their_volumes() -> None:
    """Whatever is waited for, mounted or reached by name is declared, and what must be healthy reports its health."""
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other], name
        for volume in service.get("volumes", []):
            place = volume.partition(":")[0]
            assert place in COMPOSE["volumes"] or (ROOT / place).is_dir(), volume
        for value in service.get("environment", {}).values():
            for host in re.findall(r"(?:http://|@)([a-z]+)(?=[:/])", value):
                assert host in SERVICES, value


def test_every_database_is_made() -> None:
    """The URLs parse, and each database that they name is PostgreSQL's own first one or created next to it."""
    text = re.sub(r"\$\{.*?\}", "secret", (ROOT / "compose.yaml").read_text())
    named = {make_url(url).database for url in re.findall(r"postgresql\+\w+://\S+", text)}
    made = set(re.findall(r"CREATE DATABASE (\w+);", COMPOSE["configs"]["databases"]["content"]))
    assert named == made | {SERVICES["postgres"]["environment"]["POSTGRES_DB"]} == {"driftloop", "prefect", "mlflow"}


def test_no_secret_is_written_out_and_nothing_is_open_to_other_machines() -> None:
    """The password comes from the environment and has no default; ports are published on this machine only."""
    assert re.findall(r"\$\{(\w+)[^}]*\}", str(COMPOSE)) == ["POSTGRES_PASSWORD"] * str(COMPOSE).count("${")
    assert "${POSTGRES_PASSWORD}" not in str(COMPOSE)
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_commands_exist_with_their_options() -> None:
    """Each command of the services is one that the image has, with options that it knows."""
    from mlflow.cli import cli as mlflow

    commands = {name: one["command"] for name, one in SERVICES.items() if "command" in one}
    assert set(commands) == {"prefect", "mlflow", "deploy", "worker"}
    assert commands["deploy"][:2] == ["driftloop", "deploy"]
    assert isinstance(main.command_called("deploy"), click.Command)
    server = mlflow.commands["server"]
    known = {name for parameter in server.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in commands["mlflow"][2:]} <= known
    assert shlex.split(" ".join(commands["worker"]))[:3] == ["prefect", "worker", "start"]
