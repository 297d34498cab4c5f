# `make` alone lists what there is. PYTHON, ADDRESS, PORT, ARGS and WORKERS can be set:
# make run PORT=8600

PYTHON ?= python3
ADDRESS ?= 127.0.0.1
PORT ?= 8501
ARGS ?=
WORKERS ?= 3

BIN := .venv/bin
# A desktop gets its browser opened; a machine without a screen only the address.
HEADLESS := $(if $(DISPLAY)$(WAYLAND_DISPLAY),false,true)

# Tests start a hundred processes, and each would compile the app anew.
export PYTHONDONTWRITEBYTECODE =

# The tests of a file share what they have made, so a file stays with one worker; slow ones begin.
PYTEST = $(BIN)/python -m pytest $(if $(findstring no:xdist,$(ARGS)),,-n $(WORKERS) \
  --dist loadfile --no-loadscope-reorder)

.PHONY: help run check test lint faults lock audit format bench
.DELETE_ON_ERROR:

help:
	@echo "make run      open the app on http://$(ADDRESS):$(PORT)"
	@echo "make check    formatting, lint and the fast tests: a minute, before each commit"
	@echo "make test     formatting, lint and all tests; ARGS='-k tiling' chooses some"
	@echo "make format   put the code into the house style"
	@echo "make faults   kill, starve and misuse real servers; a quarter of an hour"
	@echo "make lock     choose the packages anew after a change of requirements*.txt"
	@echo "make audit    look all packages up among known vulnerabilities"
	@echo "make bench    measure again what the README states"

run: .venv/.installed
	@echo "SandSeg opens on http://$(ADDRESS):$(PORT) (Ctrl+C ends it)"
	@$(BIN)/python -m streamlit run server.py \
	  --server.address $(ADDRESS) --server.port $(PORT) --server.headless $(HEADLESS)

check: lint
	$(PYTEST) -m 'not slow and not browser and not fault' $(ARGS)

test: lint .venv/.browser
	$(PYTEST) $(ARGS)

lint: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# SANDSEG_FAULT_MINUTES is how long the monkey clicks (10), SANDSEG_FAULT_SEED what it clicks on,
# SANDSEG_FAULT_VISITS how many large visits come and go (4; in full 20).
faults: .venv/.installed-dev .venv/.browser
	$(BIN)/python -m pytest -m '' tests/faults $(ARGS)

# Of all packages, those that others bring in too, the version and the hashes of its files: for all
# Pythons and systems at once. Versions stay as they are where they can; ARGS=--upgrade renews them.
COMPILE := .venv/lock/bin/uv pip compile --quiet --no-header --universal --generate-hashes \
  --python-version 3.11
lock: .venv/bin/python
	@[ -x .venv/lock/bin/uv ] || { $(BIN)/python -m venv --clear .venv/lock && \
	  .venv/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9; }
	$(COMPILE) $(ARGS) requirements.txt -o requirements.lock
	$(COMPILE) $(ARGS) requirements-dev.txt -c requirements.lock -o requirements-dev.lock

# The tool lives beside the app, not in it; what it cannot look up, for want of the internet, is a
# failure.
audit: .venv/bin/python
	@[ -x .venv/audit/bin/pip-audit ] || { $(BIN)/python -m venv --clear .venv/audit && \
	  .venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1; }
	.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock $(ARGS)

format: .venv/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.installed-dev .venv/.browser
	PYTHONPATH=. $(BIN)/python benchmarks/speed.py
	PYTHONPATH=. $(BIN)/python benchmarks/upload.py --gigabytes 2
	@[ -z "$$SANDSEG_DATA" ] || PYTHONPATH=. $(BIN)/python benchmarks/quality.py

# Debian and Ubuntu ship Python without the part that makes environments, so ask for it first:
# a failed attempt would leave half a .venv behind.
.venv/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "SandSeg needs Python 3.11 to 3.13, but there is no $(PYTHON)." \
	       "On Debian or Ubuntu: apt-get install python3 python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "SandSeg needs Python 3.11 to 3.13 (what TensorFlow supports)," \
	       "but $(PYTHON) is $$("$(PYTHON)" --version 2>&1)." \
	       "Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments." \
	       "On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv

INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes

.venv/.installed: requirements.lock .venv/bin/python
	$(INSTALL) -r requirements.lock
	@touch $@

.venv/.installed-dev: requirements.lock requirements-dev.lock .venv/bin/python
	$(INSTALL) -r requirements.lock -r requirements-dev.lock
	@touch .venv/.installed $@

# A browser for the tests, unless one is there. Debian has one without a window, which takes a quarter
# less time than the whole; on Ubuntu "chromium" is only a door to the snap store, so Playwright
# brings its own there. Without any, the browser tests are skipped.
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
FIND_BROWSER := PYTHONPATH=. $(BIN)/python tests/browser/find_chromium.py
QUICK_BROWSER := $(if $(shell grep -s '^ID=debian' /etc/os-release),chromium-headless-shell)

.venv/.browser: .venv/.installed-dev
	@if [ -n "$(QUICK_BROWSER)" ] && [ "$$(id -u)" = 0 ] && \
	  ! command -v "$(QUICK_BROWSER)" >/dev/null; then \
	  $(MAKE) --no-print-directory .install-browser || true; \
	fi
	@if $(FIND_BROWSER); then \
	  touch $@; \
	elif $(MAKE) --no-print-directory .install-browser && $(FIND_BROWSER); then \
	  touch $@; \
	else \
	  echo "No browser could be installed, so the tests that need one cannot run." \
	       "Install Chromium, or name one: SANDSEG_CHROMIUM=/path/to/chromium" >&2; \
	fi

.PHONY: .install-browser
.install-browser:
	@if ! command -v apt-get >/dev/null; then \
	  $(BIN)/python -m playwright install chromium; \
	elif [ -z "$(QUICK_BROWSER)" ]; then \
	  $(BIN)/python -m playwright install --with-deps chromium; \
	else \
	  $(SUDO) apt-get update && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install --yes --no-install-recommends $(QUICK_BROWSER); \
	fi
