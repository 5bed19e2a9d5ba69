# The targets that people and CI call. Each sets up what it needs; `make setup` is done once.
PYTHON ?= python3.11
BIN := .venv/bin
IN ?= en
export HF_HUB_OFFLINE = 1

.PHONY: setup demo test lint types layers

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup  ## learn from 20 headlines a topic and prove it (IN=zh: in Chinese)
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
