# Everything runs in .venv, which these targets set up by themselves: `make run` with what the server needs, the others
# with all that is needed to train, test and develop. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
# The package to install PyTorch from: torch==VERSION from your package index, or the path of a wheel.
TORCH ?= torch==2.13.0
# Processes that run the tests; `make test ARGS="-k split"` picks some of them.
JOBS ?= auto
ARGS ?=
DEMO ?= runs/demo
# Where `make run` serves.
PORT ?= 8000

BIN := $(VENV)/bin
CHECK_PYTHON := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
STAMP := $(VENV)/.installed
SERVES := $(VENV)/.serves
LOCK := requirements/ci.txt

.DEFAULT_GOAL := help
.PHONY: run install demo test check format docs bench default-model detector lock help
.DELETE_ON_ERROR:

run: $(SERVES) ## Set the server up and start it, at http://127.0.0.1:PORT (8000)
	$(BIN)/shelfwise serve --port $(PORT)

install: $(STAMP) ## Set everything up, also to train

demo: $(STAMP) ## Render sample photos, train on them, evaluate, classify, write the report
	$(BIN)/shelfwise demo $(DEMO)

test: $(STAMP) ## Set everything up and run all tests
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(STAMP) ## Formatting, lint, types, and who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(STAMP) ## Format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## Write docs/cli.md anew from the commands
	$(BIN)/python scripts/cli_reference.py

bench: $(STAMP) ## Measure accuracy (trains first), speed and memory (takes long; quiet machine)
	$(BIN)/python -m benchmarks $(ARGS)

default-model: $(STAMP) ## Train the model that comes with Shelfwise, from public photos (takes hours; goes on where it was)
	$(BIN)/python -m scripts.default_model $(ARGS)

detector: $(STAMP) ## Train the detector that comes with Shelfwise, on public photos and composed scenes (takes hours; goes on where it was)
	$(BIN)/python -m scripts.detector $(ARGS)

lock: ## Choose the versions of all packages anew and write requirements/ci.txt
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet "$(TORCH)"
	build/lock/bin/pip install --quiet -e '.[train,export,hf,openvino,serve,postgresql,dev]'
	mkdir -p $(dir $(LOCK))
	{ echo "# Written by 'make lock'. PyTorch is not in it: the Makefile installs it first."; \
	  build/lock/bin/pip freeze --exclude-editable --exclude torch | grep -Ev '^(nvidia|cuda|triton)' ; } > $(LOCK)
	rm -rf build/lock

$(SERVES): pyproject.toml $(LOCK)
	@$(CHECK_PYTHON)
	@echo "Setting up $(VENV) for the server, once: some 500 MB, mostly a minute or two …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint $(LOCK) -e '.[serve,openvino,postgresql]'
	touch $@

$(STAMP): pyproject.toml $(LOCK)
	@$(CHECK_PYTHON)
	@echo "Setting up $(VENV) to train and test, once: some 2.5 GB, mostly a few minutes …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet -r $(LOCK)
	$(BIN)/pip install --quiet --no-deps -e .
	$(BIN)/pip check
	touch $(SERVES) $@

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
