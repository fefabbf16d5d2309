# `make` lists the targets; each needs only CPython 3.11 or newer and a network for the first install.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.SECONDARY:
.PHONY: help demo gallery test lint format bench docs conformance exhaustive fuzz soundness stdlib pages clean

help: ## list the targets
	@echo "usage: make TARGET"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

# One stamp file for each set of extras: a second `make` installs nothing unless pyproject.toml changed.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed-%: pyproject.toml $(BIN)/python
	@echo "installing the project with its '$*' extra into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

demo: $(VENV)/installed-plot ## compile the terrain and small-launches examples ahead of time and run them
	$(BIN)/python examples/terrain/run.py
	$(BIN)/python examples/small_launches/run.py

gallery: $(VENV)/installed-examples ## run the programs of the gallery and draw the pictures of the manual
	for program in examples/gallery/*.py; do $(BIN)/python $$program docs/gallery || exit 1; done
	for program in examples/torch/*.py; do $(BIN)/python $$program docs/pytorch || exit 1; done

lint: $(VENV)/installed-dev ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## lint, then the table of instructions each backend runs, then every quick test
	$(BIN)/python -m hologram.backends.coverage
	$(BIN)/pytest -n $(JOBS) -m "not slow"

conformance: $(VENV)/installed-conformance ## the long runs: exhaustive and dense numerical checks, models compiled by all backends
	$(BIN)/pytest -n $(JOBS) -m slow

exhaustive: $(VENV)/installed-dev ## every f32 through each function of one argument: long, goes on where it stopped
	$(BIN)/python -m tests.isa.elementary.exhaustive

fuzz: $(VENV)/installed-dev ## go on with the long differential run
	$(BIN)/python -m tests.differential.long

soundness: $(VENV)/installed-dev ## 50,000 random circuits as written and as optimised: long
	$(BIN)/python -m tests.circuit.soundness --circuits 50000 --record

bench: $(VENV)/installed-bench ## time Hologram against NumPy, Numba and PyTorch on this machine
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.torch_models

docs: $(VENV)/installed-docs ## build the manual into site/
	$(BIN)/mkdocs build --strict

stdlib: $(VENV)/installed-dev ## compile the standard library that ships with the package
	$(BIN)/python -m hologram.stdlib.build

pages: $(VENV)/installed-dev ## regenerate the pages of the manual that show what the compiler gives
	$(BIN)/python -m hologram.isa.manual > docs/isa.md
	$(BIN)/python -m hologram.frontend.published > docs/kernel.schema.json
	$(BIN)/python -m tests.house.how_it_works
	$(BIN)/python -m tests.house.language_page
	$(BIN)/python -m tests.house.errors_page
	$(BIN)/python -m tests.house.accuracy_page
	$(BIN)/python -m tests.house.fuzzing_page
	$(BIN)/python -m tests.house.ffi_page
	$(BIN)/python -m tests.house.operations_page
	$(BIN)/python -m tests.house.pytorch_functions_page
	$(BIN)/python -m tests.house.gallery_page

format: $(VENV)/installed-dev ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and everything generated outside version control
	rm -rf $(VENV) site dist examples/*/out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
