# Everything a newcomer needs: `make setup`, then `make demo`, `make test` or `make dev`.
# Only Python >= 3.11 and make must be there; npm, if there is one, adds the tests with JavaScript clients.

PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))
VENV := .venv
BIN := $(VENV)/bin
RUN := PYTHONPATH= $(BIN)/python
ROOMS := ostinato api worker activities store forms interpreter dmn
NODE := tests/node

.PHONY: setup dev demo test slow chaos check format bench lock clean

setup: $(VENV)/.ready $(NODE)/node_modules/.ready  ## make .venv with everything

# The lock holds versions and hashes, no addresses: packages come from wherever this machine's pip is told to look.
$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Expected Python 3.11 or newer but found none; set PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE)/node_modules/.ready: $(NODE)/package-lock.json $(NODE)/package.json
	@if command -v npm >/dev/null; then cd $(NODE) && npm ci --silent --no-audit --no-fund && touch node_modules/.ready; \
	 else echo "npm not found: the tests with JavaScript clients will be skipped"; fi

dev: setup  ## start the engine on this machine
	$(RUN) -m ostinato dev

demo: setup  ## deploy, run, kill and finish the order-fulfilment example
	$(RUN) examples/order_fulfilment/demo.py

test: setup  ## all tests but the slow ones
	$(RUN) -m pytest -m "not slow" $(ARGS)

slow: setup  ## the slow tests: limits, long storms
	$(RUN) -m pytest -m slow --timeout 1800 $(ARGS)

MINUTES ?= 5
chaos: setup  ## kill, freeze and cut everything under a mixed load, then compare all books: MINUTES=30 SEED=7
	$(RUN) -m tests.e2e.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(ARGS)

check: setup  ## style, formatting, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

format: setup  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Other engines, to be measured beside this one.
$(VENV)/.bench-ready: requirements-bench.lock $(VENV)/.ready
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

bench: setup $(VENV)/.bench-ready  ## all benchmarks, one after the other, and their ratios
	$(RUN) -m benchmarks $(ARGS)

RESOLVE := $(BIN)/uv pip compile --quiet pyproject.toml --generate-hashes --universal --python-version 3.11 \
  --no-header --no-annotate

lock:  ## resolve all locks anew
	$(RESOLVE) --all-extras --group test --group build --group lock -o requirements.lock
	$(RESOLVE) --group bench --constraints requirements.lock -o requirements-bench.lock
	$(RESOLVE) --extra server --group build --constraints requirements.lock -o requirements-server.lock
	cd $(NODE) && npm install --package-lock-only --silent --no-audit --no-fund
	$(BIN)/python $(NODE)/strip_addresses.py $(NODE)/package-lock.json

clean:  ## remove what was built; data under .ostinato stays
	rm -rf $(VENV) $(NODE)/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache reports dist build
