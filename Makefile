# Needs Python >= 3.11 and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install
TRIAL := .venv/trial-installed
STAMP := .venv/installed

# Tests start hundreds of Pythons, and each would compile anew all that it imports.
export PYTHONDONTWRITEBYTECODE :=

# The output of each in one piece, where this make can do it.
TWO_AT_A_TIME := --no-print-directory --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# Tests that look only at a stand-in are left out, unless a real server is tested beside it.
QUICK := not long$(if $(STALWART_URL),, and not stand_in)
# One more than the cores: a seventh of the time, tests only wait.
LANES := 3
# The commands of a target, with the time that they took.
timed = began=$$(date +%s); $(1) && echo "$@: $$(($$(date +%s) - began)) s"

.PHONY: help up web test test-long check python-check web-lint web-types web-rooms web-format web-test programs
.PHONY: bench bench-peers bench-web clean chaos mutants mutmut release

help:  ## What `make` can do, one line each
	@sed -nE 's/^([a-z-]+):.*## /\1\t/p' Makefile | expand -t 14

up: $(TRIAL)  ## Set up what the trial needs, and run it; the interface is built meanwhile
	$(BIN)/postroom up --build-interface $(ARGS)

web: $(TRIAL)  ## Build the web interface, if its sources have changed
	@$(BIN)/python web/build.py

test: ALSO := programs # an empty cache costs minutes: they are built while the checks run
test: $(STAMP) check  ## All checks, and all tests but those of test-long, in three processes
	@$(BIN)/python web/build.py
	@$(call timed, $(BIN)/pytest --numprocesses $(LANES) --no-loadscope-reorder --durations 40 -m "$(QUICK)" $(ARGS))

test-long: $(STAMP) web programs  ## The tests that `make test` leaves out, before a release (ARGS: some of them)
	POSTROOM_SEEDS=$${POSTROOM_SEEDS:-200} $(BIN)/python web/npm.py run test -- tests/random tests/faults tests/sending-faults
	$(BIN)/pytest --numprocesses $(LANES) --no-loadscope-reorder --durations 40 -m "long or stand_in" $(ARGS)

check: $(STAMP)  ## Format, lint, types, layers, two at a time; then the unit tests of the web interface
	@echo "Checking: four minutes, the output of each part at its end"
	@$(BIN)/python web/npm.py run sync
	@$(MAKE) $(TWO_AT_A_TIME) web-lint web-format web-rooms python-check web-types $(ALSO)
	@$(MAKE) --no-print-directory web-test

python-check: $(STAMP)
	@$(call timed, $(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/pyright)

web-lint web-types web-rooms: web-%: $(STAMP)
	@$(call timed, $(BIN)/python web/npm.py run $*)

web-format: $(STAMP)
	@$(call timed, $(BIN)/python web/npm.py run format:check)

web-test: $(STAMP)  ## The unit tests of the web interface
	@$(call timed, $(BIN)/python web/npm.py run test)

programs: $(STAMP)  ## Build the foreign programs of the tests from source, if they are not there (Go; minutes)
	@$(call timed, $(BIN)/python -m tests.go_programs)

bench: $(STAMP)  ## Figures of the README, measured here in three minutes
	$(BIN)/python -m benchmarks $(ARGS)
	$(BIN)/python -m benchmarks.retries
	$(BIN)/python -m benchmarks.recovery

bench-peers: $(STAMP)  ## Compare with other queues, half an hour; writes docs/benchmarks.md (ARGS=--full: hours)
	$(BIN)/python -m benchmarks.compare $(ARGS)

bench-web: $(STAMP) web  ## Measure the web interface in Chromium, ten minutes (ARGS=--write: into docs/benchmarks-web.md)
	$(BIN)/python -m benchmarks.web $(ARGS)

chaos: $(STAMP)  ## The whole plan of faults, 15 minutes at most; the report goes to chaos-report/
	$(BIN)/python -m chaos $(ARGS)

mutants: $(STAMP)  ## Make known mistakes in a copy of the code: the tests must notice each (fifteen minutes)
	PYTHONPATH=tests $(BIN)/python -m mutants $(ARGS)

mutmut: $(STAMP)  ## Change domain and retry in a thousand small ways: how many do the quick tests notice? (ten minutes)
	rm -rf mutants
	$(BIN)/mutmut run $(ARGS)
	$(BIN)/mutmut results
	@$(BIN)/mutmut results --all true | sed -E 's/^ *postroom\.([a-z]+)\..*: /\1 /' | sort | uniq -c

release: $(STAMP)  ## Make wheels, sources, bill of materials and checksums of the commit, into dist/ (one to six minutes)
	@$(BIN)/python -m distribution

$(STAMP): requirements/dev.txt $(TRIAL)
	@echo "Installing what the checks and the tests need"
	@$(PIP) --progress-bar off --require-hashes --requirement requirements/dev.txt
	@touch $@

# Both distributions are installed from their folders: neither name is ours on the package index.
$(TRIAL): requirements/trial.txt pyproject.toml sandbox/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Postroom needs Python 3.11 or newer; run: make PYTHON=python3.12")'
	@echo "1 of 3: making .venv"
	@$(BIN)/pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv # what a Ctrl-C left here may be half a pip
	@echo "2 of 3: installing what Postroom and its trial need"
	@$(PIP) --progress-bar off --no-compile --require-hashes --requirement requirements/trial.txt # compiled when imported
	@echo "3 of 3: installing Postroom and its trial"
	@$(PIP) --quiet --no-deps --no-build-isolation --editable . --editable ./sandbox
	@touch $@

clean:  ## Remove what make made (not the trial's data in .postroom)
	rm -rf .venv .bench mutants .pytest_cache .ruff_cache .hypothesis
	rm -rf src/postroom/web/build src/postroom/web/build.new web/node_modules web/.svelte-kit
