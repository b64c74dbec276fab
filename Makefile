# Needs Python 3.11 or newer and make; everything else is put into .venv from the hash-pinned lock.
PYTHON ?= python3
DEMO_DIR ?= demo
PORT ?= 8080
PYTEST_ARGS ?= -n 2 --dist loadscope --no-loadscope-reorder

SHELL := /bin/bash
# Bytecode is kept, or each of the processes that the tests start would compile the whole package anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
READY := .venv/.ready
RUNTIME := build/runtime
UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check coverage bench golden openapi fuzz runtime upload lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: $(READY)  ## make .venv from requirements-dev.txt (instant when nothing changed)

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## bill the February book into ./demo and say where the PDFs are
	$(BIN)/billing demo --dir $(DEMO_DIR)

serve: setup  ## all three functions on http://127.0.0.1:8080 with the book in ./demo, until Ctrl-C
	$(BIN)/billing serve --dir $(DEMO_DIR) --port $(PORT)

test: setup  ## every test, with the real parts that this machine has
	$(BIN)/pytest $(PYTEST_ARGS)

check: setup  ## format, lint, types, import contracts, spelling, house rules: what CI checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/pytest tests/house --quiet

coverage: setup  ## every branch of billing/domain is run by the fast tests, or this fails
	$(BIN)/pytest tests/unit tests/properties tests/scenarios -m fast $(PYTEST_ARGS) --quiet --cov --cov-report=term

bench: setup  ## measure speed, cost and scale on this machine
	$(BIN)/python -m benchmarks

golden: setup  ## write the golden files anew; look at every difference before committing it
	$(BIN)/pytest tests/golden --renew-golden --quiet

openapi: setup  ## write docs/openapi.json anew from the routes
	$(BIN)/python -m tests.functions.write_openapi

fuzz: setup  ## thousands of requests made of the API's document, alone and in chains, in both stores: no 5xx, every answer as it says
	API_CASES=40 API_CHAINS=200 $(BIN)/pytest tests/functions/test_api_conforms.py --quiet --capture=no

runtime: $(RUNTIME)/requirements.txt  ## what a deployed function runs in: build/runtime, from requirements.txt alone

$(RUNTIME)/requirements.txt: requirements.txt
	$(PYTHON) -m venv --clear $(RUNTIME)
	$(RUNTIME)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements.txt
	@cp requirements.txt $@

upload: setup  ## copy what a deploy would upload to build/upload, and say what it comes to (needs gcloud)
	$(BIN)/python -m infra.deploy upload

lock: setup  ## resolve both lock files again from pyproject.toml
	$(UV_COMPILE) --upgrade --output-file requirements.txt
	$(UV_COMPILE) --upgrade --group dev --constraints requirements.txt --output-file requirements-dev.txt

clean:  ## remove .venv, build, caches and the demo
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis .coverage htmlcov $(DEMO_DIR)
