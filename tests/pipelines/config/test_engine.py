"""Section `engine`: one cluster, by an address that its kind has, without a secret in plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from driftloop.pipelines.engines import engine_of
from tests import streams


@pytest.mark.parametrize(
    ("engine", "name", "place"),
    [
        ({"dask": "tls://host:8786"}, "dask", "dask at tls://host:8786"),
        *(
            ({"spark": address}, "spark", f"spark at {address}")
            for address in (
                *("active", "local", "local[2]", "local[*, 4]", "yarn", "spark://a:7077,b:7077"),
                *("sc://host:15002", "k8s://https://host:443"),
            )
        ),
        ({"spark": "sc://host:443/;use_ssl=true;token=${HOME}"}, "spark", "spark at sc://host:443"),
    ],
)
def test_an_address_belongs_to_one_engine(engine: dict[str, str], name: str, place: str, tmp_path: Path) -> None:
    """Messages and records have the address without its parameters, which can be secret."""
    settings = load(streams.write(tmp_path, engine=engine)).engine
    assert settings is not None
    made = engine_of(settings)
    assert (made.name, getattr(made, "place", "")) == (name, place)


@pytest.mark.parametrize(
    ("engine", "found", "expected"),
    [
        ({}, "neither dask nor spark", "either dask or spark"),
        ({"timeout": "5s"}, "neither dask nor spark", "either dask or spark"),
        ({"dask": "tcp://host:8786", "spark": "active"}, "both dask and spark", "either dask or spark"),
        ({"dask": "spark://host:7077"}, "'spark://host:7077'", "tcp://host:8786"),
        ({"spark": "tcp://host:8786"}, "'tcp://host:8786'", "sc://host:15002"),
        ({"spark": "local[x]"}, "'local[x]'", "local[2]"),
        ({"spark": "sc://host:443/;token=dapi0123456789"}, "the secret 'token' in plain text", "${NAME}"),
    ],
)
def test_what_is_no_cluster_is_refused(engine: dict[str, str], found: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(streams.write(tmp_path, engine=engine))
    assert found in refused.value.found
    assert expected in refused.value.expected
    assert "dapi0123456789" not in str(refused.value)
