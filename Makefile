# make run    sets up and runs the main job: Riot's Rockdale site, real figures
# make test   sets up and runs the tests
# make check  ruff and mypy
# Needs Python 3.11 or later (PYTHON=python3.12 make ... chooses one). On Windows, see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := models optimizer scenarios exports
SOURCES := $(wildcard *.py $(addsuffix /*.py,$(ROOMS)))

.PHONY: run test check bench clean

run: $(VENV)/ready
	@$(BIN)/hashlease run rockdale

test: $(VENV)/ready-test
	@$(BIN)/python -m pytest

check: $(VENV)/ready-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready-bench
	$(BIN)/python benchmarks/compare.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@$(PYTHON) tools/check_python.py
	$(PYTHON) -m venv $(VENV)

# The installed package follows the sources; a new or deleted file installs again.
$(VENV)/ready: $(VENV)/bin/python pyproject.toml constraints.txt $(ROOMS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[parquet]' --config-settings editable_mode=strict
	$(BIN)/python -m compileall -q $(SOURCES)
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[parquet,test]' --config-settings editable_mode=strict
	@touch $@

$(VENV)/ready-check: $(VENV)/ready-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[parquet,test,check]' --config-settings editable_mode=strict
	@touch $@

$(VENV)/ready-bench: $(VENV)/ready-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[parquet,test,bench]' --config-settings editable_mode=strict
	@touch $@
