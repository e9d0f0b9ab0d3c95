# Everything here sets up what it needs first; see `.ci/setup` for how.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
SIZE := 10000
# Files in their own order: those that take longest stand first, and none is left for the end alone.
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder
# One thread each for the linear algebra libraries: on few cores more of them only get in each
# other's way. Telemetry of every tool is off.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export DO_NOT_TRACK := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test test-programmes test-sample test-runs test-clone test-sources test-destinations test-contracts test-shop check bench dev lock clean

help:  ## Show these lines.
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## Make .venv with the locked dependencies (nothing to do when they have not changed).
	@./.ci/setup

run: setup  ## Run the whole daily job, on the sample unless .env says otherwise.
	@"$(BIN)/winback" run

test: setup  ## Run every test but those of the next eight targets.
	@"$(BIN)/python" -m pytest $(BY_FILE) -m "not (sample or runs or clone or sources or destinations or contracts or programmes or shop)"

test-programmes: setup  ## Walk made-up people through gates and ladders, day by day.
	@"$(BIN)/python" -m pytest $(BY_FILE) -m programmes

test-sample: setup  ## Recompute what the shipped sample gives by other means.
	@"$(BIN)/python" -m pytest -m sample

test-runs: setup  ## Compare whole runs: killed at three moments, files in another order, day by day.
	@"$(BIN)/python" -m pytest -n 2 --dist load -m runs

test-clone: setup  ## Run every command of the README in a fresh clone.
	@"$(BIN)/python" -m pytest -m clone

test-sources: setup  ## Read other systems to the marts, and send many people to one.
	@"$(BIN)/python" -m pytest $(BY_FILE) -m sources

test-destinations: setup  ## Let e-mail tools fail at every call of a night; print what comes of it.
	@"$(BIN)/python" -m pytest -n 2 --dist load -m destinations

test-contracts: setup  ## Hold clients and stand-ins against what vendors publish (needs the network and npm).
	@./.ci/contracts
	@"$(BIN)/python" -m pytest -m contracts

test-shop: setup  ## Read the database of a real shop that takes orders (needs the network, npm and PostgreSQL).
	@./.ci/shop
	@"$(BIN)/python" -m pytest -m shop tests/shop

check: setup  ## Format, lint, types, layers.
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/ruff" check .
	@"$(BIN)/sqlfluff" lint --processes 2 transforms/models pipeline/sources/mappings
	@"$(BIN)/mypy" pipeline assets expectations benchmarks
	@"$(BIN)/lint-imports"

bench: setup  ## Measure CPU seconds on a made-up shop of SIZE people, beside other tools.
	@"$(BIN)/python" -m benchmarks --customers "$(SIZE)"

dev: setup  ## Open the Dagster UI on loopback.
	@"$(BIN)/winback" ui

lock:  ## Write requirements.lock anew from pyproject.toml (needs the network).
	@./.ci/setup
	@"$(BIN)/uv" pip compile pyproject.toml --all-extras --universal --generate-hashes --no-strip-extras --no-header --quiet -o requirements.lock

clean:  ## Remove environments, caches and dbt's target; never var/, which holds the ledger.
	@rm -rf .venv .contracts .shop .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis transforms/target transforms/logs transforms/.user.yml logs
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
