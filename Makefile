# One door: the few verbs that CI and people use alike. `make help` lists them.
PY := .venv/bin/python

.PHONY: help setup pages run test check bench faults

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: .venv/.dev-stamp ## the virtual environment with everything a developer needs

.venv/bin/python:
	python3.11 -m venv .venv

.venv/.dev-stamp: pyproject.toml | .venv/bin/python
	.venv/bin/pip install -q -e '.[dev]'
	@touch $@

pages: setup ## build the web pages that changed
	$(PY) hatch_build.py

run: setup pages ## everything on this machine: http://127.0.0.1:8080
	.venv/bin/deskbridge demo

test: setup pages ## the whole suite
	.venv/bin/pytest -n 2 --dist loadgroup

check: setup ## format, lint, types, import rules, house rules
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup ## measure, beside the peers; writes build/bench.json
	$(PY) -m tests.load.bench

faults: setup ## the long fault runs and simulations
	.venv/bin/pytest tests/faults --long
