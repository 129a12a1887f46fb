# The project's verbs. Each sets up what is missing first, so any of them may be the first command.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup demo test up down logs scale chaos matrix lessons load bench check lint format lock clean venv

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## virtual environment, engine, Compose, base images: whatever is missing
	@python3 -m setup

demo: setup ## break the pair under load and show which service lost what
	@$(PYTHON) -m chaos demo

test: setup ## all tests, those on real containers too
	@python3 -m setup browser
	@$(PYTHON) -m pytest

up: setup ## start the pair on http://127.0.0.1:8080
	@docker compose up -d --build --wait

down: ## stop the pair; volumes stay
	@docker compose --profile "*" down

logs: ## follow what the services say
	@docker compose logs --follow --tail 20

scale: setup ## more or fewer replicas: make scale SERVICE=stateful N=3
	@docker compose up -d --no-recreate --wait --scale $(or $(SERVICE),stateful)=$(or $(N),3)

chaos: setup ## one fault on one placement: make chaos FAULT=recreate PLACEMENT=layer
	@$(PYTHON) -m chaos run $(or $(FAULT),recreate) $(foreach p,$(PLACEMENT),--placement $(p))

matrix: setup ## every fault on every placement
	@$(PYTHON) -m chaos matrix

lessons: setup ## the claims about layers, volumes and mounts, checked: make lessons NAME=own-layer
	@$(PYTHON) -m chaos lessons $(NAME)

load: setup ## verifying users on every placement, a minute; with Locust's page: make load UI=1
	@$(PYTHON) -m loadtests $(if $(UI),--ui) $(foreach p,$(PLACEMENT),--placement $(p))

bench: venv ## race the services against their peers, side by side: docs/performance.md
	@python3 -m setup bench
	@$(PYTHON) -m loadtests.benchmark $(BENCH)

check: lint ## format, lint, strict types, and the unit and contract tests
	@$(PYTHON) -m pytest tests/unit tests/contract

lint: venv ## format, lint and strict types alone
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy

format: venv ## let ruff format and mend the code
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

venv:
	@python3 -m setup python

lock: venv ## pin the dependencies again, by hash (installs uv)
	@$(PYTHON) -m uv --version >/dev/null || $(PYTHON) -m pip install --quiet uv
	@for extra in "" dev bench; do \
	  $(PYTHON) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header $${extra:+--extra $$extra} pyproject.toml \
	    -o requirements$${extra:+-$$extra}.txt; done
	@$(PYTHON) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --group load -c requirements-dev.txt -o loadtests/requirements.txt

clean: ## remove this project's containers, volumes, networks, built images and results
	@docker compose --profile "*" down --volumes
	@docker image rm --force sessionlab/stateful sessionlab/anonymous sessionlab/stateless sessionlab/load sessionlab/disks 2>/dev/null || true
	@for image in $$(docker image ls --quiet sessionlab/lesson-sshfs | sort -u); do docker image rm --force $$image; done
	@rm -rf results .state .mypy_cache .ruff_cache .pytest_cache
