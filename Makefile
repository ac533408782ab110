# Two commands do it all: `make demo` and `make test`. Both set up the environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
# Otherwise each of the many processes compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: docs demo test pytest faults fuzz test-lowest test-wheel lint compiled env bench clean

demo: $(VENV)/.ready ## a year of New York flights through the whole loop
	$(BIN)/driftloop demo

test: $(VENV)/.ready ## everything: style, types, import rules, tests
	@$(MAKE) --no-print-directory --jobs 2 lint pytest

pytest: compiled
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not faults"

faults: $(VENV)/.ready ## what `make test` leaves out: kills at every point and at 200 random moments, races, all bad inputs
	@$(BIN)/python -c 'import pyspark, grpc' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[spark]'
	@command -v java >/dev/null || echo "without Java the tests of Spark are skipped: apt-get install openjdk-17-jre-headless"
	DRIFTLOOP_TESTS=all $(BIN)/python -m pytest -n 4 --dist worksteal -m faults

# DRIFTLOOP_FUZZ_SECONDS and DRIFTLOOP_FUZZ_SEED set time and start: 20 and 1, as in `make test`.
fuzz: $(VENV)/.ready ## odd frames, broken YAML and any bytes over HTTP; a failure prints seed and input
	$(BIN)/python -m pytest -n 3 tests/fuzz

# pip installs the newest versions that fit, uv can do the opposite. Only what reads, trains and runs commands is tested.
test-lowest: build/tree ## tests in a new environment with the oldest versions that pyproject.toml admits
	$(PYTHON) -m venv --clear build/lowest
	build/lowest/bin/python -m pip install --quiet uv
	build/lowest/bin/uv pip compile --quiet --python build/lowest/bin/python --resolution lowest-direct \
		--extra postgres pyproject.toml --output-file build/lowest/versions.txt
	build/lowest/bin/uv pip install --quiet --python build/lowest/bin/python --requirement build/lowest/versions.txt \
		"hypothesis>=6.100" "pytest>=8.3" "pytest-xdist>=3.6"
	build/lowest/bin/uv pip install --quiet --python build/lowest/bin/python --no-deps --editable .
	build/lowest/bin/python -m tests.lowest
	build/lowest/bin/python -m pytest -n 4 --dist worksteal tests/monitoring tests/pipelines/training \
		tests/pipelines/config tests/test_first_model.py

test-wheel: ## the wheel, installed outside the checkout: init, check, status on a CSV
	rm -rf build/wheel build/lib && $(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet --upgrade pip
	build/wheel/bin/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel/made .
	build/wheel/bin/python -m pip install --quiet --constraint constraints.txt build/wheel/made/driftloop-*.whl
	cd / && $(CURDIR)/build/wheel/bin/python -I $(CURDIR)/tests/outside.py

lint: $(VENV)/.ready build/tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=build/tree $(BIN)/lint-imports

# mypy and lint-imports read folders by their import names.
build/tree:
	mkdir -p $@/driftloop
	ln -sfn ../../../pipelines/api/__init__.py $@/driftloop/__init__.py
	ln -sfn ../../../monitoring $@/driftloop/monitoring
	ln -sfn ../../../pipelines $@/driftloop/pipelines

# Compile what tests import once, instead of once per worker.
compiled: $(VENV)/.ready
	@$(BIN)/python -m pytest --collect-only --quiet >/dev/null || true

bench: $(VENV)/.ready ## the figures of docs/benchmarks.md
	$(BIN)/python -m benchmarks.commands

# Strict: a page without a place in the nav, or a link or anchor that leads nowhere, fails the build.
docs: $(VENV)/.ready ## the documentation as a site in build/docs, checked and without external files
	@$(BIN)/python -c 'import material' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m docs.generate
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open build/docs/index.html"

env: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "driftloop needs Python 3.11 or newer, found $$($(PYTHON) --version); run: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# A newer pip takes a third of the time for as many packages; Python compiles what it imports, pip all that lies there.
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .driftloop build dist *.egg-info
