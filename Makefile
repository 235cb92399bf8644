# Second Read. `make` explains itself.
PY := .venv/bin/python
TESTS := $(PY) -m pytest -q -n 2 --dist loadfile
.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-fast tools lint types imports docs docs-check bench serve train-default clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/.ready ## make .venv with everything that is needed

.venv/.ready: pyproject.toml scripts/setup.sh
	@scripts/setup.sh

demo: setup ## play a small synthetic screening round from DICOM to audit page (in demo-output/)
	@.venv/bin/secondread demo --out demo-output

check: setup tools lint types imports docs-check test-fast ## everything a change must pass, except the slow tests

test: setup tools ## all tests, slow ones included
	@$(TESTS)

test-fast: setup
	@$(TESTS) -m "not slow"

tools:
	@scripts/test_tools.sh

lint: setup
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

types: setup
	@$(PY) -m mypy

imports: setup
	@.venv/bin/lint-imports

docs: setup ## write the generated tables in docs/
	@$(PY) -m scripts.generate_docs

docs-check: setup
	@$(PY) -m scripts.generate_docs --check

bench: setup ## measure the hot paths against peers, print tables
	@for bench in benchmarks/bench_*.py; do $(PY) -m benchmarks.$$(basename $$bench .py); done

serve: setup ## serve the JSON API on this machine
	@.venv/bin/secondread serve

train-default: setup ## train the default models again from their seeds, and commission them on the phantom devices
	@$(PY) -m models.train --family ffdm && $(PY) -m models.train --family dbt && $(PY) -m readers.ai.commission

clean: ## remove what the demo and the tests left
	@rm -rf demo-output scores secondread-data .pytest_cache .mypy_cache .ruff_cache .hypothesis
