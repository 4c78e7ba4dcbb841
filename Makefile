# make app: set up and open the dashboard.  make test: set up and run every test.  make bench: figures with references.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
export STREAMLIT_BROWSER_GATHER_USAGE_STATS := false

.PHONY: app test bench lint format screenshots audit clean
.DEFAULT_GOAL := app

app: $(VENV)/app.done
	$(PY) -m streamlit run app.py

test: $(VENV)/test.done
	$(PY) tests/browser/chromium.py
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/test.done
	$(PY) -m benchmarks

lint: $(VENV)/test.done
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/test.done
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

screenshots: $(VENV)/test.done
	$(PY) tests/browser/screenshots.py

# Known vulnerabilities of everything installed. It asks a service on the network, and fails where that is out of reach.
audit: $(VENV)/test.done
	$(PY) -m pip_audit --local --strict

clean:
	rm -rf $(VENV)

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; found `$(PYTHON) --version`. Name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# The first page is measured once here, so that it has numbers on it from the start.
$(VENV)/app.done: requirements.txt | $(VENV)/made
	$(PY) -m pip install --disable-pip-version-check --quiet -r requirements.txt
	$(PY) -m fil_core fil --data digits --model softmax
	touch $@

$(VENV)/test.done: requirements-dev.txt requirements.txt $(VENV)/app.done
	$(PY) -m pip install --disable-pip-version-check --quiet -r requirements-dev.txt
	touch $@
