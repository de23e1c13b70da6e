# `make demo` and `make test` set up everything that they need, inside this folder.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
N ?= 10000
# Applying is waiting, mostly: several sandboxes at a time, each in a process of its own. Files go to whoever is free, in
# this order: those that take long come first, so that nobody waits for one of them at the end; those of tests/e2e stand
# together, because a process that leaves them takes its sandbox down (which share one: tests/conftest.py).
SIDE_BY_SIDE := --numprocesses 8 --dist loadfile --no-loadscope-reorder
ON_THE_SANDBOX := tests/configurations tests/multi tests/e2e tests/smoke tests/examples/test_archive.py tests/examples/test_demo.py tests/cilium tests/examples/test_publishing.py tests/sandbox tests/docs/test_key_policy.py
# What `make test` runs, two at a time: the sandbox waits while the others compute.
PARTS := e2e lint unit terraform modules
export PYTHONPATH := lambda/src
# Of Go's garbage collection: Terraform and its provider start hundreds of times, and with this a third sooner.
export GOGC ?= 400

.PHONY: help setup demo sandbox redrive test lint unit terraform modules e2e examples tofu kubernetes smoke simulate fuzz mutants bench package docs provider lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## Make the Python environment (.venv)

$(VENV)/ready: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say which with PYTHON=...")'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup ## The main job on the sandbox: a tag becomes a name that resolves
	@$(BIN)/python -m sandbox.demo

sandbox: setup ## Keep the sandbox running and print the environment to paste
	@$(BIN)/python -m sandbox

redrive: setup ## Put messages from the sandbox's dead-letter queue back into its queue
	@$(BIN)/python -m sandbox.redrive

test: setup ## What must hold for every change
	@$(MAKE) --jobs 2 $(PARTS)

lint: setup ## ruff, mypy, actionlint, pip-audit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@sh scripts/check_workflows.sh
	@sh scripts/audit.sh

unit: setup ## Python tests that need no sandbox
	$(BIN)/pytest tests/unit tests/contract tests/simulation tests/package tests/provider tests/kubernetes/test_kubernetes_chart.py tests/docs --ignore tests/docs/test_key_policy.py

terraform: setup ## fmt, tflint, checkov
	@sh scripts/check_terraform.sh

modules: setup ## init, validate and test of the module, its submodules and examples
	@sh scripts/check_modules.sh

e2e: setup ## Tests on the sandbox
	$(BIN)/pytest $(SIDE_BY_SIDE) --durations 20 $(ON_THE_SANDBOX)

examples: setup ## Each example on the sandbox: plan, apply, plan again, destroy; the tag's archive; the demo
	$(BIN)/pytest tests/examples

tofu: setup ## The same with OpenTofu: modules, examples
	@sh scripts/with_tofu.sh $(MAKE) modules examples || [ $$? -eq 3 ]

kubernetes: setup ## The whole chain with a real API server and real controllers, built on first use (needs Go; minutes)
	@sh scripts/kubernetes/install.sh || [ $$? -eq 3 ]
	$(BIN)/pytest tests/kubernetes

smoke: setup ## A real account: ZONE=example.com ZONE_ID=0123... CLOUDFLARE_API_TOKEN=..., under a dollar, asks first
	@$(BIN)/python -m smoke --zone "$(ZONE)" --zone-id "$(ZONE_ID)" $(SMOKE)

simulate: setup ## N random histories (N=10000), and the deliberate mistakes
	@$(BIN)/python -m tests.simulation $(N)

fuzz: setup ## 100,000 mutated events
	@$(BIN)/python -m tests.simulation.fuzz 100000

mutants: setup ## Small mistakes in core and shell: a test notices each (an hour on two cores; MUTANTS=core/plan)
	@sh scripts/install_mutmut.sh
	@$(BIN)/python -m scripts.mutants $(MUTANTS)

bench: setup ## Measure: calls, ratios, time of our own
	@for each in $$(grep -l __main__ bench/*.py); do echo "== $$each"; $(BIN)/python -m bench.$$(basename $$each .py) || exit 1; done

package: setup ## Build lambda/package.zip, its sum and its bill of materials
	$(BIN)/python -m scripts.package

docs: setup ## Write the blocks between markers in every README
	@sh scripts/docs.sh

provider: setup ## Note what AWS provider 6 knows of the resources that are used
	@$(BIN)/python -m scripts.provider_6

lock: setup ## Renew the locks from the .in files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links -o requirements-dev.lock requirements-dev.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-emit-find-links -o lambda/requirements.lock lambda/requirements.in

clean: ## Remove what was set up and built here
	rm -rf $(VENV) .tools build .pytest_cache .mypy_cache .ruff_cache .hypothesis
