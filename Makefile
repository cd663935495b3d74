# Every target works on a fresh machine with Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NPM := tests/npm/node_modules/.installed
WHEELS := tests/wheels/fetched/.fetched

.DEFAULT_GOAL := help
.PHONY: help install demo test test-full lint types architecture check bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(INSTALLED) ## make the virtual environment with mltools and its tools

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . --group dev
	@touch $@

demo: $(INSTALLED) ## the whole loop on real data, in a temporary directory
	@$(BIN)/mltools demo

test: $(INSTALLED) ## all tests that need Python and git alone
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not full"

$(NPM): tests/npm/package.json
	npm install --prefix tests/npm --no-audit --no-fund --no-package-lock --loglevel=error
	@touch $@

$(WHEELS): tests/wheels/requirements.txt $(INSTALLED)
	rm -rf tests/wheels/fetched
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --ignore-requires-python -r $< -d $(@D)
	@touch $@

test-full: $(INSTALLED) $(NPM) $(WHEELS) ## the tests that take long, or need npm's validators, KServe's wheel, or Chromium for the report's page
	$(BIN)/python -m pytest -n 2 --dist worksteal -m full

lint: $(INSTALLED) ## style and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell mltools templates tests docs benchmarks README.md CHANGELOG.md CONTRIBUTING.md

types: $(INSTALLED) ## mypy, strict
	$(BIN)/mypy

architecture: $(INSTALLED) ## who may import whom
	$(BIN)/lint-imports

check: lint types architecture test test-full ## everything that CI runs

bench: $(INSTALLED) ## the benchmarks, each against its peer in the same run
	$(BIN)/python -m benchmarks

clean: ## remove what the targets made
	rm -rf $(VENV) tests/npm/node_modules tests/wheels/fetched dist .pytest_cache .mypy_cache .ruff_cache
