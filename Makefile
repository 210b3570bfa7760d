# vivavoce: `make run` sets everything up and starts it; `make test` checks everything.
# Needs Python 3.11 or newer and make. Done once, a step is not done again until its inputs change:
# what has been done is noted by files in .venv/.done/.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

BIN := .venv/bin
DONE := .venv/.done
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUNBUFFERED := 1

# pip tells each package it collects; names on one line are enough to see that it moves. What it
# warns of (a mirror without this package, say) matters only when it fails.
INSTALL = $(BIN)/python -m pip install --progress-bar off --require-hashes -r $(1) 2>.venv/pip.log \
	| awk '/^Collecting/ { printf " %s", $$2; fflush() } /^Installing/ { printf " ... installing"; fflush() } END { print "" }' \
	|| { cat .venv/pip.log >&2; exit 1; }

.PHONY: help run setup test test-clients check web-check models bench lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup models ## set up what is missing, start the server, open its page
	@exec $(BIN)/vivavoce serve

setup: $(DONE)/package ## make .venv with .venv/bin/vivavoce
	@:

models: setup
	@$(BIN)/vivavoce models pull

# --- setting up --------------------------------------------------------------------------------------

$(BIN)/python:
	@scripts/make-venv.sh

$(DONE)/runtime: requirements.lock | $(BIN)/python
	@printf '• dependencies:'
	@$(call INSTALL,requirements.lock)
	@mkdir -p $(DONE) && touch $@

$(DONE)/package: pyproject.toml $(DONE)/runtime
	@echo '• vivavoce'
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DONE)/dev: requirements-dev.lock $(DONE)/package
	@printf '• tools for the tests:'
	@$(call INSTALL,requirements-dev.lock)
	@touch $@

# Not `npm ci`: it refuses a lock without the builds for other systems, which a mirror need not have.
# Versions and hashes come from the lock all the same, and --no-save leaves it as it is.
$(DONE)/web: web/package-lock.json $(DONE)/package
	@echo '• tools for the page'
	@scripts/npm.sh install --no-save --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

# Voice frameworks as users install them, to be tested with; nothing of ours depends on them.
$(DONE)/clients: tests/clients/requirements.lock tests/clients/package-lock.json | $(BIN)/python
	@echo '• clients to test with'
	@[ -x .venv/clients/bin/python ] || $(BIN)/python -m venv .venv/clients
	@.venv/clients/bin/python -m pip install --quiet --require-hashes -r tests/clients/requirements.lock 2>.venv/pip.log \
		|| { cat .venv/pip.log >&2; exit 1; }
	@cd tests/clients && npm install --no-save --ignore-scripts --no-fund --no-audit --loglevel=error
	@scripts/openai-suite.sh
	@touch $@

# --- checking ----------------------------------------------------------------------------------------

# Beside the defaults: one more engine of each kind, for the contracts that every engine has to keep.
TEST_MODELS := piper-en_us-joe-medium whisper-tiny.en

# Two processes, each with whole files in their order: while one waits for speech that lasts as long as it lasts, the
# other computes. Each loads its own models (3 GB at most).
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Real engines that speak in real time share two cores with the other half of the tests: what fails there is judged
# alone. Both runs are printed; what fails again is a fault.
FAILED := --last-failed --last-failed-no-failures none --maxfail 1

test: check web-check $(if $(CI),$(DONE)/clients) ## run every check and every test
	@echo '• models'
	@$(BIN)/vivavoce models pull --all-defaults $(TEST_MODELS)
	@echo '• a browser for the tests'
	@scripts/ensure-browser.sh
	@echo '• tests'
	@$(BIN)/pytest $(SIDE_BY_SIDE) || { echo '• once more, alone, what failed beside others'; $(BIN)/pytest $(FAILED); }

test-clients: $(DONE)/dev $(DONE)/clients ## hold a call with each of the voice frameworks
	@$(BIN)/pytest tests/clients

check: $(DONE)/dev
	@echo '• format' && $(BIN)/ruff format --check --quiet
	@echo '• lint' && $(BIN)/ruff check --quiet
	@echo '• types' && $(BIN)/mypy --no-error-summary
	@echo '• import layers' && $(BIN)/lint-imports --no-cache >.venv/layers.log || { cat .venv/layers.log; exit 1; }

web-check: $(DONE)/web
	@echo '• page' && scripts/npm.sh run --silent check && scripts/npm.sh test --silent

bench: setup models ## measure the latency, on recordings: make bench RECORDINGS=folder
	@$(BIN)/vivavoce bench latency $(if $(RECORDINGS),--recordings $(RECORDINGS))

lock: ## pin the dependencies of pyproject.toml anew
	@scripts/lock.sh

clean: ## remove all that make made, but not the models
	@rm -rf .venv web/node_modules build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
