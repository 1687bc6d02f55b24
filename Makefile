# The README's two commands are `make demo` and `make test`; each sets up .venv from nothing.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo test lint bench clean
help:
	@echo "make demo    set up, then predict a real worm's responses from its wiring; prints the report's path"
	@echo "make test    set up, then run the tests"
	@echo "make lint    style, types, layers"
	@echo "make bench   performance tables (installs PyTorch for comparison)"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "neuroloom needs Python 3.11 or newer; found $$($(PYTHON) --version). Name one: make setup PYTHON=python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing neuroloom, its tests' tools and the data wheel wormneuroatlas (GPL-3.0-or-later;"
	@echo "read as a file, never imported) into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[cluster,control,nwb,worm,zarr]' --requirement requirements-dev.txt
	@touch $(STAMP)

demo: setup
	@$(BIN)/neuroloom demo

test: setup
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_house.py

bench: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[compare]'
	@$(BIN)/python benchmarks/rate_network.py
	@$(BIN)/python benchmarks/connectomes.py
	@$(BIN)/python benchmarks/sparse_product.py
	@$(BIN)/python benchmarks/inspecting.py
	@$(BIN)/python benchmarks/codex.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist
