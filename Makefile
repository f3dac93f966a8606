# Inkpaw. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080
# The GPU build of TensorFlow is installed only if nvidia-smi works.
DEVICE := $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)
DATA_DIR ?= $(firstword $(wildcard data ../shared/data))
export DATA_DIR

BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r

.PHONY: help serve check test test-container deploy-check bench bench-peers picture lint train-setup lock env-example metrics-page observe proto image clean audit sbom test-faults

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

.venv/served: lock/$(DEVICE).txt
	$(PYTHON) -m venv .venv
	$(INSTALL) lock/$(DEVICE).txt
	@touch $@

.venv/developed: .venv/served lock/dev.txt
	$(INSTALL) lock/dev.txt
	@touch $@

serve: .venv/served ## start the service on HOST:PORT (127.0.0.1:8080)
	@INKPAW_HOST=$(HOST) INKPAW_PORT=$(PORT) exec $(BIN)/python -m service

train-setup: .venv/developed ## install what `.venv/bin/python -m training` needs

check: lint ## run lint and the quick tests, in under 90 seconds
	$(BIN)/python -m pytest -n 2 -m "unit and not training"

# Quick ones first. The others start services, which those of one file share.
QUICK := tests/unit tests/integration/training/test_quick.py

test: .venv/developed ## run every test that this machine can run
	$(BIN)/python -m pytest -n 2 $(QUICK)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(addprefix --ignore=,$(QUICK))

test-container: .venv/developed ## build the image and run it with reduced rights, with podman (as root)
	INKPAW_TEST_CONTAINER=1 $(BIN)/python -m pytest tests/container -rs

test-faults: .venv/developed ## make every fault under load and print what was promised and seen (as root)
	$(BIN)/python -m tests.faults

deploy-check: .venv/developed ## check the Kubernetes manifests in every combination, and the compose file
	INKPAW_TEST_DEPLOY=1 $(BIN)/python -m pytest -n 2 tests/unit/docker

bench: .venv/developed ## measure the speed of the service, into bench/; BENCH=--soak adds a million predictions
	$(BIN)/python -m tests.bench $(BENCH)

bench-peers: .venv/developed ## compare with other model servers; BENCH="--only fast,triton" selects some
	$(BIN)/python -m tests.bench.peers $(BENCH)

picture: .venv/developed ## draw docs/results.png from the service at HOST:PORT
	$(BIN)/python -m docs.results http://$(HOST):$(PORT)

lint: .venv/developed ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: .venv/developed ## ask for known weaknesses of the locked packages
	$(BIN)/python .ci/audit.py

sbom: .venv/developed ## write the bill of materials of what is installed to serve, as CycloneDX, into sbom/
	@mkdir -p sbom
	@for part in serve litert cpu gpu; do $(BIN)/cyclonedx-py requirements lock/$$part.txt --pyproject pyproject.toml \
	  --spec-version 1.6 --output-reproducible --output-format JSON --output-file sbom/$$part.cdx.json || exit 1; done
	@ls sbom/*.cdx.json

lock: .venv/developed ## pin the dependencies of pyproject.toml in lock/ again
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra cpu --extra train --extra dev $(COMPILE) -o lock/all.tmp
	for part in serve:'--extra server' litert:'--extra litert --extra tracing' cpu:'--extra cpu' gpu:'--extra gpu' train:'--extra train' dev:'--extra train --extra dev'; do \
	  $(BIN)/uv pip compile pyproject.toml $${part#*:} -c lock/all.tmp $(COMPILE) -o lock/$${part%%:*}.txt; done
	rm lock/all.tmp

COMPILE := --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11 --python-platform x86_64-manylinux_2_28

env-example: .venv/served ## write .env.example from service/settings.py
	$(BIN)/python -c 'from service import settings; print(settings.make_example(), end="")' > .env.example

metrics-page: .venv/served ## write docs/metrics.md from service/metrics.py
	$(BIN)/python -m docs.metrics_page

observe: .venv/developed ## write the Grafana dashboard, and the alert rules for Kubernetes
	$(BIN)/python -m docker.observe.dashboard
	$(BIN)/python -m docker.observe.prometheus_rule

proto: .venv/developed ## write the Python modules of the gRPC protocol from its .proto file
	$(BIN)/python -m tests.support.protoc

image: ## build the container image; BASE_IMAGE= sets its base, RUNTIME=litert leaves TensorFlow out, BUILDER=podman makes it reproducible
	$(IMAGE_BUILD) -t inkpaw .

# With podman, the same revision gives the same digest on one machine: times in the image are those of the commit. Its
# format is then OCI, which has no HEALTHCHECK; `--format docker` has one, and a random hostname.
BUILDER ?= docker
EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
IMAGE_BUILD = $(BUILDER) build $(if $(findstring podman,$(BUILDER)),--timestamp $(EPOCH)) \
	$(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
	$(if $(RUNTIME),--build-arg RUNTIME=$(RUNTIME)) \
	--build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
	--build-arg REVISION=$$(git rev-parse HEAD) \
	--build-arg CREATED=$$(date -u -d @$(EPOCH) +%Y-%m-%dT%H:%M:%SZ)

clean: ## remove everything that was built
	rm -rf .venv .peers sbom .pytest_cache .mypy_cache .ruff_cache .hypothesis
