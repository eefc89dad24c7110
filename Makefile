PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Each worker has an engine and a server of its own; a test file stays with one worker, the longest come first. They wait
# for disks and processes often enough that three keep two cores busy.
PARALLEL := -n 3 --dist loadscope --no-loadscope-reorder
# They make small files and take them away all the time, some 300 MB at once: in memory, where that has room for ten times
# as much, all of them take a fifth less than on some disks. A TMPDIR of yours stays.
IN_MEMORY = $(if $(TMPDIR),,$(shell [ -w /dev/shm ] && [ "$$(df -Pm /dev/shm | awk 'NR == 2 {print $$4}')" -ge 3000 ] \
  && echo TMPDIR=/dev/shm))

# Tests start many processes: what an environment forbids to keep of compiled code, each of them would compile again, for
# a second. It goes where Python always puts it.
COMPILED := PYTHONDONTWRITEBYTECODE=

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

# uv takes a third of pip's time, compiling included. It knows nothing of pip's settings (an index of one's own,
# certificates): what it cannot get, pip gets, or says why not.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV  := UV_HTTP_TIMEOUT=20 $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

$(VENV)/.uv: requirements-install.lock | $(BIN)/python
	@$(PIP) --require-hashes -r $< 2>/dev/null || true
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.uv
	@echo "Installing Throughline into $(VENV) (half a minute, once)"
	@$(UV) --require-hashes -r requirements.lock 2>/dev/null || $(PIP) --require-hashes -r requirements.lock
	@$(UV) --no-deps --editable . 2>/dev/null || $(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing what the tests and checks need"
	@$(UV) --require-hashes -r requirements-dev.lock 2>/dev/null || $(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup ## the platform and its sample systems; Ctrl-C ends both
	@$(BIN)/throughline demo $(ARGS)

test: setup-dev ## all tests but the slow ones
	@sh tests/prepare.sh
	@$(IN_MEMORY) $(COMPILED) $(BIN)/python -m pytest -m "not slow" $(PARALLEL) $(ARGS)

test-all: setup-dev ## all tests
	@sh tests/prepare.sh
	@$(IN_MEMORY) $(COMPILED) $(BIN)/python -m pytest $(PARALLEL) $(ARGS)

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

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header

lock: setup-dev ## refresh the lock files from pyproject.toml
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --extra dev pyproject.toml -o requirements-dev.lock
	@echo uv | $(LOCK) - -o requirements-install.lock

clean: ## remove the virtual environment and caches; data folders stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
