# Every target works on a fresh clone that has Python 3.11, 3.12 or 3.13 and pip:
# it makes .venv first and re-uses it until pyproject.toml changes.

VENV   ?= .venv
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell \
    $(name) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13)' 2>/dev/null && echo $(name))))
BIN    := $(VENV)/bin

COURSES    := $(wildcard workbench/courses/*.json)
DEMO_STORE := sqlite:///demo/demo.db
BENCHMARKS := $(filter-out %/__init__.py,$(wildcard workbench/benchmarks/*.py))

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint conformance bench docs clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

# One stamp for each set of extras; each installs what the ones before it did not.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; name one with PYTHON=" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-demo: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.stamp-tests: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --editable '.[tests,docs,peers,postgresql]'
	@touch $@ $(VENV)/.stamp-demo

demo: $(VENV)/.stamp-demo ## learn from two short courses, solve the shipped specifications with what was learned, report
	@mkdir -p demo && rm -rf demo/demo.db demo/demo.db-* demo/demo.db.artifacts
	$(BIN)/reverie train $(COURSES) --cycles 2 --wake-candidates 80000 --dreams 3000 --train-steps 200 --jobs 2 --store $(DEMO_STORE)
	$(BIN)/reverie library show lists --store $(DEMO_STORE)
	$(BIN)/reverie library show strings --store $(DEMO_STORE)
	$(BIN)/reverie batch workbench/specs --column area --generation latest --store $(DEMO_STORE)
	$(BIN)/reverie report --expect-learning --html demo/report.html --store $(DEMO_STORE)

test: $(VENV)/.stamp-tests ## run the default tests, two at a time
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/.stamp-tests ## check style and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

conformance: $(VENV)/.stamp-tests ## check that all meanings of every primitive agree, with full counts
	REVERIE_CONFORMANCE=full $(BIN)/python -m pytest tests/conformance -m "slow or not slow"

bench: $(VENV)/.stamp-tests ## run every benchmark
	@set -e; for script in $(BENCHMARKS:.py=); do \
	  $(BIN)/python -m "$$(echo $$script | tr / .)"; done

docs: $(VENV)/.stamp-tests ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean: ## remove the environment, builds and caches
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
