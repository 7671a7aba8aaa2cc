# make run     set up and run the main job: Riot's Rockdale site, real figures
# make test    set up and run the tests
# make check   ruff and mypy
# make bench   speed against the floor and against peers
# Needs Python 3.11 or later; `make PYTHON=python3.12 run` chooses one. Without make (Windows): see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := models optimizer scenarios scenarios/workbook exports exports/pictures exports/workbook exports/report exports/report/assets commands feeds
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --config-settings editable_mode=strict

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
	$(BIN)/python benchmarks/start_up.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or later, or name one: make PYTHON=/path/to/python3 run"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hashlease needs Python 3.11 or later, this is $$($(PYTHON) -V). Name another: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "This Python has no venv module. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

# The installed package is a tree of links to the sources; a file that comes or goes installs it again.
$(VENV)/ready: $(BIN)/python pyproject.toml constraints.txt $(ROOMS)
	@$(PIP) -e '.[parquet]'
	@$(BIN)/python -m compileall -q build
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	@$(PIP) -e '.[parquet,test]'
	@touch $@

$(VENV)/ready-check: $(VENV)/ready-test
	@$(PIP) -e '.[parquet,test,check]'
	@touch $@

$(VENV)/ready-bench: $(VENV)/ready-test
	@$(PIP) -e '.[parquet,test,bench]'
	@touch $@
