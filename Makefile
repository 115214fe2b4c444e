# carepath. `make run` brings the system up, `make test` tries everything; `make help` lists the rest.
# Both need make and Python 3.11 or newer with venv; what else they need they put into .venv, from the hashed lock.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test check verify mutants chaos simulate screens format bench bench-peers lock secrets clean

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
LOCKS := requirements
INPUTS := pyproject.toml orchestrator/__init__.py
UNITS := tests/unit
# More words for the command at hand: make run ARGS="--simulated --speed 3600", make test ARGS="-k taper".
ARGS ?=

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# The machine says whom it trusts, as it does to pip: a hospital's proxy often signs with a certificate of its own.
export UV_SYSTEM_CERTS ?= true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Python keeps what it has compiled, also where the machine says otherwise: whatever is run here is many processes, and
# one that compiles all that it imports takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.core  ## bring the system up on this machine: make run PORT=8000
	@$(BIN)/carepath up --port $(PORT) $(ARGS)

# A second call opens the same ward again; FRESH=1 makes another.
demo: $(VENV)/.core  ## show a ward of made-up patients on a fast clock: make demo SPEED=60 FRESH=1
	@$(BIN)/carepath demo --port $(PORT) $(if $(SPEED),--speed $(SPEED)) $(if $(FRESH),--fresh) $(ARGS)

test: $(VENV)/.dev lint  ## everything that CI runs: linters, types, layers, all tests
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/.dev lint  ## the quick half of it: linters, types, layers, unit tests
	@$(BIN)/pytest -q $(UNITS) $(ARGS)

verify: $(VENV)/.dev  ## prove what the pathways promise of every patient: make verify ARGS="--explain S-01"
	@$(BIN)/carepath verify --workflows workflows $(ARGS)

# What was found of a mutant is kept in .mutants, and holds until the pathway, the program or the story changes.
mutants: $(VENV)/.dev  ## break every pathway in every way, and write what notices it into docs/verification.md
	@$(BIN)/python -m tests.mutants.run --write docs/verification.md $(ARGS)

chaos: $(VENV)/.dev  ## kill real processes for long, and check that nothing was lost: make chaos ARGS="--seed 7 --minutes 60 --kills 1200"
	@$(BIN)/python -m tests.chaos.run $(ARGS)

simulate: $(VENV)/.dev  ## play seeds in virtual time, everything going wrong: make simulate ARGS="--seeds 1000 --from 0"
	@$(BIN)/python -m tests.simulation.run $(ARGS)

screens: $(VENV)/.dev  ## take a picture of every page into docs/screens, with the machine's Chromium
	@$(BIN)/python -m tests.browser.screens $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted; run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(VENV)/.layers || { cat $(VENV)/.layers >&2; exit 1; }

format: $(VENV)/.dev  ## put the code into its one format, and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only .

bench: $(VENV)/.dev  ## run the benchmarks, one after the other: make bench ARGS=--quick
	@for file in benchmarks/bench_*.py; do \
	  name="$$(basename "$$file" .py)"; [ "$$name" = bench_peers ] && continue; \
	  echo "== $$name"; $(BIN)/python -m "benchmarks.$$name" $(ARGS) || exit 1; \
	done

bench-peers: $(VENV)/.dev $(PEERS)/.peers  ## the same work on Celery, DBOS, Procrastinate and APScheduler
	@$(BIN)/python -m benchmarks.bench_peers $(ARGS)

lock: $(BIN)/uv  ## lock the dependencies anew: make lock ARGS=--upgrade
	@$(COMPILE) --extra dev --extra build pyproject.toml -o $(LOCKS)/dev.lock
	@$(COMPILE) --extra build -c $(LOCKS)/dev.lock pyproject.toml -o $(LOCKS)/core.lock
	@$(COMPILE) -c $(LOCKS)/dev.lock $(LOCKS)/bootstrap.in -o $(LOCKS)/bootstrap.lock
	@$(COMPILE) $(LOCKS)/peers.in -o $(LOCKS)/peers.lock

# The lock holds for every supported Python and platform, and names packages and hashes, never a host.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)

# The containers read them as another user, hence 444; the folder keeps everybody else on this machine out.
secrets:  ## make the passwords and the token that docker-compose.yml asks for, where they are missing
	@umask 077; mkdir -p secrets; \
	for name in database_password broker_password admin_token; do \
	  [ -s "secrets/$$name" ] || $(PYTHON) -c 'import secrets; print(secrets.token_hex(32), end="")' > "secrets/$$name"; \
	  chmod 444 "secrets/$$name"; \
	done

clean:  ## remove the environment and what the tools keep; a store under data/ stays
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutants build dist

$(BIN)/uv: $(LOCKS)/bootstrap.lock
	@command -v $(PYTHON) > /dev/null || { \
	  echo "carepath needs Python 3.11 or newer; there is no '$(PYTHON)'. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "carepath needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name one: make PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { \
	  echo "carepath needs Python's venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r $<
	@touch $@

# The tests' packages include the program's, so an environment made for tests serves to run it too.
$(VENV)/.core: $(LOCKS)/core.lock $(INPUTS) | $(BIN)/uv
	@if [ -e $(VENV)/.dev ]; then $(call install,dev); touch $(VENV)/.dev; else $(call install,core); fi
	@touch $@

$(VENV)/.dev: $(LOCKS)/dev.lock $(INPUTS) | $(BIN)/uv
	@$(call install,dev)
	@touch $(VENV)/.core $@

# What the benchmarks compare with lives apart: neither the program nor its tests ever see it.
$(PEERS)/.peers: $(LOCKS)/peers.lock | $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEERS)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(PEERS)/bin/python $<
	@touch $@

# Exactly what the lock names, then the project itself, which fetches nothing.
install = $(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python $(LOCKS)/$(1).lock && \
  $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
