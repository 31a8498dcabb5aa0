# Everything starts from CPython 3.11 to 3.13, pip and make; `setup` builds .venv from the lock.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { command -v $$p; break; }; done)
BIN := .venv/bin
# One more than there are processors: tests of whole runs wait for servers and files.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
READY := .venv/.ready

.PHONY: setup demo test test-all bench check serve lock

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "setup: expected CPython 3.11, 3.12 or 3.13 on PATH, found none; install one or give PYTHON=..." >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --disable-pip-version-check
	touch $@

demo: setup ## the main job on the bundled sample site, into data/demo
	$(BIN)/gouji demo

test: setup check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow and not bench"

test-all: setup check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not bench" --timeout 3600

bench: setup
	$(BIN)/python -m pytest -m bench -s tests/bench

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

serve: setup ## Prefect server with its UI, the deployments of prefect.yaml and one worker
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m flows.serve

lock: ## needs uv; renew the locked versions and their hashes
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--extra dev --extra ocr --extra s3 --extra dask pyproject.toml -o requirements.lock
