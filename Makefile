# `make help` lists the targets. Several are named like folders, hence .PHONY for all of them.
.DEFAULT_GOAL := help
.PHONY: help setup zoo train export run report test lint bench-self clean

PYTHON ?= python3
VENV   := .venv
BENCH  := $(VENV)/bin/bench
READY  := $(VENV)/.ready

MODELS ?= mnv2_unet_0.35_*
DATA   ?= lfw
RECIPE ?= standard
DEVICE ?= host
# A folder of Keras MobileNetV2 .h5 files, to begin from ImageNet weights at any width.
ENCODERS ?=
# On Linux: the address that pytorch.org shows for "Linux, pip, CPU", to spare 4 GB of CUDA.
TORCH_INDEX ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo "  variables: MODELS='$(MODELS)' DATA=$(DATA) RECIPE=$(RECIPE) DEVICE=$(DEVICE) ENCODERS= TORCH_INDEX="

setup: $(READY) ## make .venv and install everything into it

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(VENV)/bin/pip install -c constraints.txt --index-url $(TORCH_INDEX) torch torchvision)
	$(VENV)/bin/pip install -c constraints.txt -e '.[dev]'
	@touch $(READY)

zoo: setup train export ## train, export, measure and report MODELS; does again only what has changed
	$(BENCH) run --device $(DEVICE) --model '$(MODELS)' --missing
	$(BENCH) report

train: setup ## train MODELS on DATA by RECIPE
	$(BENCH) train --model '$(MODELS)' --data $(DATA) --recipe $(RECIPE) $(if $(ENCODERS),--encoders $(ENCODERS))

export: setup train ## export MODELS and prove each file
	$(BENCH) export --model '$(MODELS)'

run: setup ## measure MODELS on DEVICE
	$(BENCH) run --device $(DEVICE) --model '$(MODELS)'

report: setup ## write the report of all stored sessions
	$(BENCH) report

test: setup ## run the tests
	$(VENV)/bin/python -m pytest

lint: setup ## check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench-self: setup ## measure the tool itself: throughput, export time, memory, start-up
	$(VENV)/bin/python -m pytest tests/benchmarks -p no:cacheprovider -s

clean: ## remove .venv and caches; keeps data, checkpoints, artifacts and results
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
