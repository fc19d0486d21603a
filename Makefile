# Run, test, check and measure Loan Book. Every target makes the environment it needs, in .venv.

PYTHON ?= $(shell for each in python3.11 python3; do $$each -c "" 2>/dev/null && echo $$each && break; done)
WORKERS ?= 2

VENV := .venv
RUNTIME := $(VENV)/runtime-installed
DEV := $(VENV)/dev-installed
IN_VENV := $(VENV)/bin/python -m
TESTS := $(IN_VENV) pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help run test coverage lint bench
# What was compiled is kept: without it every program that a test starts compiles us anew, and a start takes longer.
unexport PYTHONDONTWRITEBYTECODE
# Two targets at once would install into one environment at once.
.NOTPARALLEL:

help:
	@echo "make run       the dashboard and the API; ARGS=\"--server.port 8600\" passes options to Streamlit"
	@echo "make test      all tests; for some: $(IN_VENV) pytest -k word"
	@echo "make coverage  how much of loan_core they reach, and must"
	@echo "make lint      style and types"
	@echo "make bench     the measurements"

run: $(RUNTIME)
	@$(IN_VENV) streamlit run app.py $(ARGS)

test: $(DEV)
	@$(TESTS)

coverage: $(DEV)
	@$(TESTS) -m "not again" --cov=loan_core --cov-fail-under=95

lint: $(DEV)
	@$(IN_VENV) ruff check .
	@$(IN_VENV) ruff format --check .
	@$(IN_VENV) mypy --strict loan_core

bench: $(DEV)
	@$(IN_VENV) tests.benchmarks $(ARGS)

$(RUNTIME): requirements.txt constraints.txt
	$(call install,requirements.txt)
	@touch $(RUNTIME)

$(DEV): requirements-dev.txt requirements.txt constraints.txt
	$(call install,requirements-dev.txt)
	@touch $(RUNTIME) $(DEV)

# What is imported is compiled then: to compile all that was installed takes half as long again.
# Without a working pip the environment is no environment yet: the first time, after an interruption, after a move.
define install
	@test -n "$(PYTHON)" || { echo "Loan Book needs Python 3.11 or newer, and there is no python3 here."; exit 1; }
	@$(IN_VENV) pip --version >/dev/null 2>&1 || $(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) \
		and 'Loan Book needs Python 3.11 or newer; this is ' + sys.version.split()[0] + '. Name another: make PYTHON=...')"
	@$(IN_VENV) pip --version >/dev/null 2>&1 || { echo "Making the environment $(VENV) ..."; \
		$(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing $(1) ..."
	@$(IN_VENV) pip install -qq --no-compile --disable-pip-version-check -r $(1)
endef
