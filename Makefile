# `make help` lists the targets. Several are named like folders, hence .PHONY for all of them.
.DEFAULT_GOAL := help
.PHONY: help setup zoo data train export run report web test lint architecture measured soak bench-self clean

PYTHON ?= python3
VENV   := .venv
BENCH  := $(VENV)/bin/bench
READY  := $(VENV)/.ready

# pretrained takes the weights that come with the package; synthetic, lfw or a folder's name trains.
DATA   ?= pretrained
MODELS ?= $(if $(filter synthetic,$(DATA)),$(TRIAL),mnv2_slim_unet_*)
TRIAL  := mnv2_slim_unet_0.35_128 mnv2_slim_unet_0.35_192 mnv2_slim_unet_0.75_128 mnv2_slim_unet_0.75_192
RECIPE ?= $(if $(filter synthetic,$(DATA)),quick)
DEVICE ?= host
# What is exported and measured; RUNTIMES='onnxruntime litert' FORMATS='onnx tflite' for both.
FORMATS    ?= tflite
RUNTIMES   ?= litert
PRECISIONS ?= fp32 fp16
# How narrow the intervals are to be, and how many seconds it may measure, so that it ends on a
# restless machine too.
TARGET ?= 2%
LIMIT  ?= 165
# Exports at once; training takes all the cores for one variant, measuring one process at a time.
JOBS   ?=
# What of the package's extras `make setup` installs.
EXTRAS ?= train,export,dev
# Files of tests that run side by side.
WORKERS ?= 2
# A folder of Keras MobileNetV2 .h5 files, to begin from ImageNet weights at any width.
ENCODERS ?=
# Names of figures for `make measured`, all by default; the folders that hold the archives of LFW
# and of Figaro-1k.
FIGURES ?=
LFW     ?=
FIGARO  ?=
# On Linux: the address that pytorch.org shows for "Linux, pip, CPU", to spare 4 GB of CUDA.
TORCH_INDEX ?=

PAGE := devices/browser/page
SITE := devices/browser/site/manifest.json

CHOSEN   = $(foreach model,$(MODELS),--model '$(model)')
LITERAL  = $(firstword $(foreach model,$(MODELS),$(if $(findstring *,$(model)),,$(model))))
MEASURED = $(CHOSEN) $(foreach name,$(RUNTIMES),--runtime $(name)) $(foreach p,$(PRECISIONS),--precision $(p))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "  variables: DATA=$(DATA) RECIPE=$(RECIPE) DEVICE=$(DEVICE) JOBS=$(JOBS) ENCODERS=$(ENCODERS) TORCH_INDEX=$(TORCH_INDEX)"
	@echo "             FORMATS='$(FORMATS)' RUNTIMES='$(RUNTIMES)' PRECISIONS='$(PRECISIONS)'"
	@echo "             MODELS='$(MODELS)' (names, or wildcards such as 'mnv2_slim_unet_0.5_*')"

setup: $(READY) ## make .venv and install what the zoo needs into it

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(VENV)/bin/pip install -c constraints.txt --index-url $(TORCH_INDEX) torch torchvision)
	$(VENV)/bin/pip install -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $(READY)

zoo: setup data train export ## weights, exports, proofs, measurements and report of MODELS; does again only what has changed
	@echo "== measuring on $(DEVICE)"
	$(BENCH) run --device $(DEVICE) $(MEASURED) --target $(TARGET) --time-limit $(LIMIT) --resume
	@echo "== reporting"
	$(BENCH) report
	@echo 'then: . $(VENV)/bin/activate; bench predict PHOTO.jpg --model $(or $(LITERAL),NAME)'
	@echo '      bench data lfw && make zoo     each file proved on the photographs themselves'
	@echo '      bench doctor                   what else this machine can do'

data: setup ## draw the synthetic portraits, where DATA is they
ifeq ($(DATA),synthetic)
	@echo "== drawing synthetic portraits"
	$(BENCH) data synthetic
endif

train: setup data ## train MODELS on DATA (a width's sizes together, by a RECIPE each alone), or take their weights from the package
ifeq ($(DATA),pretrained)
	@echo "== taking the weights that come with the package"
	$(BENCH) weights take $(CHOSEN)
else
	@echo "== training"
	$(BENCH) train $(CHOSEN) --data $(DATA) $(if $(RECIPE),--recipe $(RECIPE),--together) $(if $(ENCODERS),--encoders $(ENCODERS))
endif

export: setup train ## export MODELS and prove each file
	@echo "== exporting, and proving each file"
	$(BENCH) export $(CHOSEN) $(foreach name,$(FORMATS),--format $(name)) $(foreach p,$(PRECISIONS),--precision $(p)) $(if $(JOBS),--jobs $(JOBS))

run: setup ## measure MODELS on DEVICE
	$(BENCH) run --device $(DEVICE) $(MEASURED)

report: setup ## write the report of all stored sessions
	$(BENCH) report

web: $(SITE) ## build the page for browsers (Node 20 or later)

$(SITE): $(PAGE)/package-lock.json $(PAGE)/build.mjs $(wildcard $(PAGE)/src/* $(PAGE)/src/*/*)
	cd $(PAGE) && npm ci && npm run build

test: setup ## run the tests, and list those it skips
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rs

lint: setup ## check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	if [ -d $(PAGE)/node_modules ]; then cd $(PAGE) && npm run check; fi

architecture: setup ## draw docs/architecture.svg from the imports
	PYTHONPATH=tests/support $(VENV)/bin/python docs/architecture.py

measured: setup ## make the docs' FIGURES that are not of the present weights and code (under 3 hours; LFW=FOLDER FIGARO=FOLDER)
	PYTHONPATH=docs:tests/benchmarks:tests/support $(VENV)/bin/python -m measure $(FIGURES) $(if $(LFW),--lfw '$(LFW)') $(if $(FIGARO),--figaro '$(FIGARO)')

soak: setup ## the long form of the kill, fuzz, full-disk, phone, page and farm tests (hours)
	BENCH_FARM_FAULTS=100 BENCH_FUZZ=1000 BENCH_KILLS=100 BENCH_PHONE_RUNS=100 BENCH_PAGE_RUNS=100 $(VENV)/bin/python -m pytest -m soak -s

bench-self: setup ## measure the tool itself: its cost, and whether its latencies can be trusted (an hour)
	$(VENV)/bin/python -m pytest tests/benchmarks -p no:cacheprovider -s

clean: ## remove .venv and caches; keeps data, checkpoints, artifacts and results
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
