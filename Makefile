PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Each worker has an engine and a server of its own; a test file stays with one worker, the longest come first. They wait
# for disks and processes often enough that three keep two cores busy.
PARALLEL := -n 3 --dist loadscope --no-loadscope-reorder

.PHONY: help setup setup-dev demo test test-all check lint format bench lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.runtime ## make .venv with the throughline command in it

setup-dev: $(VENV)/.dev ## and all that tests and checks need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Throughline needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null \
	  || { rm -rf $(VENV); echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Throughline into $(VENV) (about a minute, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing what the tests and checks need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup ## the platform and its sample systems; Ctrl-C ends both
	@$(BIN)/throughline demo $(ARGS)

test: setup-dev ## all tests but the slow ones
	@sh tests/prepare.sh
	@$(BIN)/python -m pytest -m "not slow" $(PARALLEL) $(ARGS)

test-all: setup-dev ## all tests
	@sh tests/prepare.sh
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

check: lint ## format, lint, types, import contract and the pure tests
	@$(BIN)/python -m pytest -q tests/model tests/house

lint: setup-dev ## check without the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup-dev ## put every file into the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup-dev ## measure what we claim about speed
	@$(BIN)/python -m benchmarks

lock: setup-dev ## refresh the lock files from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove the virtual environment and caches; data folders stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
