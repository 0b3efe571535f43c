# Start here: `make demo`, then `make down`. Every target installs what it needs first.
#   make up RPC_HTTP_URL=http://… CONTRACTS_FILE=contracts.json   indexes a chain that exists
#   make up GATEWAY_PORT=4566 POSTGRES_PORT=5432 ANVIL_PORT=8545  chosen ports instead of free ones
#   make up FOLDER=/tmp/second                                    a run beside the one in .local/run

.DEFAULT_GOAL := help
.PHONY: help demo up down status test test-fast test-long lint fmt lock decoders validator bench \
        bench-imports bench-auth bench-index bench-door bench-api synth openapi client \
        test-browser test-api-fuzz \
        ready ready-for-tests

VENV := .venv/bin

# The first Python that runs (a version manager's stand-in on the PATH may not) and is new enough.
PYTHON = $(shell for each in python3.13 "$$HOME"/.pyenv/versions/3.13*/bin/python3.13 \
	  python3 python3.12 python3.11; do \
	  "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	  && { echo "$$each"; break; }; done)
NEED_PYTHON = $(error Python 3.11 or newer is needed, and neither python3.13 nor python3 is one that runs)

help:
	@echo "make demo       everything: a season on a local chain, indexed, and a ticket holder admitted"
	@echo "make up         the same without the season; RPC_HTTP_URL and CONTRACTS_FILE index another chain"
	@echo "make down       stop it     make status   what runs, and where"
	@echo "make test       lint, types and all tests     make test-fast   those under a minute"
	@echo "make test-long  long property runs            make bench       the numbers, into .bench/"
	@echo "make synth      templates of every stage, into cdk.out.<stage>/"
	@echo "make fmt        format      make lock     resolve the dependencies again"
	@echo "make test-browser   the API's page in headless Chromium (CHROMIUM=…, or one on the PATH)"
	@echo "make test-api-fuzz  several thousand requests that schemathesis makes up"
	@echo "make client     the typed client of frontends, from the API's description"
	@echo "make openapi    tests/client/openapi.json, and the same as a page, docs.html"
	@echo "make decoders   log decoders from abis/*.json"
	@echo "make validator  bytecode of the contract wallets' validator"

ready:
	@"$(or $(PYTHON),$(NEED_PYTHON))" infra/local/bootstrap.py run

ready-for-tests:
	@"$(or $(PYTHON),$(NEED_PYTHON))" infra/local/bootstrap.py tests

demo up down status: ready
	@$(VENV)/python -m infra.local $@ $(if $(FOLDER),--folder $(FOLDER))

# The domain is tested without I/O, every line of it.
test: lint
	$(VENV)/pytest tests/unit --cov=onlineticket.domain --cov-report=term:skip-covered \
	  --cov-fail-under=100
	$(VENV)/pytest --ignore=tests/unit --durations=15

test-fast: ready-for-tests
	$(VENV)/pytest -m "not slow"

test-long: ready-for-tests
	HYPOTHESIS_PROFILE=long $(VENV)/pytest --durations=15

# Chromium is not installed here: CHROMIUM names one, or it is on the PATH (apt-get install chromium).
test-browser: ready-for-tests
	$(VENV)/pytest tests/browser/look_at_docs.py
	@echo "screenshots: .local/browser/"

test-api-fuzz: ready-for-tests
	HYPOTHESIS_PROFILE=long $(VENV)/pytest tests/e2e/test_api_fuzz.py -s

lint: ready-for-tests
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy layers/shared/python/onlineticket functions infra tests

fmt: ready-for-tests
	$(VENV)/ruff check --fix
	$(VENV)/ruff format

lock: ready-for-tests
	PATH="$(VENV):$$PATH" $(VENV)/python infra/lock.py

decoders: ready-for-tests
	$(VENV)/python -m infra.generate_decoders

validator: ready-for-tests
	$(VENV)/python -m infra.generate_validator

# What GET /openapi.json and GET /docs answer; the input of the frontends' typed client.
openapi: ready
	$(VENV)/python -m infra.openapi tests/client

client: openapi
	npm run client

bench: bench-imports bench-auth bench-index bench-door bench-api

bench-imports: ready
	$(VENV)/python -m tests.bench.imports

bench-auth: ready-for-tests
	$(VENV)/python -m tests.bench.auth

bench-index: ready-for-tests
	$(VENV)/python -m tests.bench.index

bench-door: ready-for-tests
	$(VENV)/python -m tests.bench.door

bench-api: ready-for-tests
	$(VENV)/python -m tests.bench.api

synth: ready
	@for stage in local dev staging prod; do \
	  echo "cdk.out.$$stage"; \
	  node_modules/.bin/cdk synth --quiet --no-notices --app "$(VENV)/python -m infra.app" \
	    --context stage=$$stage --output cdk.out.$$stage || exit 1; \
	done
