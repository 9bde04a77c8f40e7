# `make run` executes the series, `make site` makes pages with nodes that run in the browser,
# `make quick` checks what takes about a minute, `make test` checks everything, `make coverage`
# tells which lines the tests run, `make lab` opens JupyterLab.
# Each makes .venv and installs into it when that has not been done yet.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python \
    /usr/bin/python3)

# A file's tests stay together: some of what they share takes long to make.
TESTS := $(BIN)/pytest -n 2 --dist loadfile
define STYLE
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
endef

.DEFAULT_GOAL := run
.PHONY: run quick test coverage lab outputs site runtime setup clean

run: $(INSTALLED)
	$(BIN)/glomers run $(ARGS)

# For the loop of daily work: without the tests marked slow, and with few examples of each property.
quick: $(INSTALLED)
	$(STYLE)
	$(TESTS) -m 'not slow' --hypothesis-profile quick

test: $(INSTALLED)
	$(STYLE)
	$(TESTS)
	$(BIN)/glomers check --execute

# Measuring makes the tests take more than twice as long, so `make test` does without. What tests run
# in a process of its own, as nodes on the real clock and kernels are, does not count.
coverage: $(INSTALLED)
	$(TESTS) --cov --cov-report=term:skip-covered

# As root, as in a container, JupyterLab wants to be told so; ARGS are options for it. The address
# that it prints leads to the first lesson, for where no browser opens by itself.
lab: $(INSTALLED)
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	    --LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb $(ARGS)

# Executes the notebooks and writes their outputs back into notebooks/, clean and ready to commit.
outputs: $(INSTALLED)
	$(BIN)/python -m glomers.series.outputs

site: $(INSTALLED)
	$(BIN)/glomers site $(ARGS)

# What the tests of the site need: Python for browsers, and what finds faults in pages.
runtime: $(INSTALLED)
	$(BIN)/python -m glomers.series.pyodide_package
	$(BIN)/python -m tests.helpers.axe

setup: $(INSTALLED)

# Only a change of pyproject.toml makes this install again: the package itself is installed in place.
# An environment that was moved or copied here knows its old place, and is made anew.
ifneq ("$(shell cat $(INSTALLED) 2>/dev/null)","$(CURDIR)")
.PHONY: elsewhere
$(INSTALLED): elsewhere
endif
$(INSTALLED): pyproject.toml
	@[ -w . ] || { echo 'The project cannot be set up in a folder that you may not write to: copy' \
	    'it to one of yours, or let its owner run `make setup`.' >&2; exit 1; }
	@if [ -e $@ ] && [ "$$(cat $@)" != "$(CURDIR)" ] || \
	    ! $(BIN)/python -c 'import pip' 2>/dev/null; then $(MAKE_VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m compileall -q glomers  # many images forbid Python to keep what it compiled
	@$(BIN)/python -m glomers.series.movable
	@printf '%s\n' "$(CURDIR)" > $@

# Builds of Python differ: one that was optimised runs a test in three quarters of the time. What
# this prints, microseconds for some simple work, tells them apart; how they were configured does not.
TIME_US := import ensurepip, timeit, venv; \
    work = timeit.repeat("for i in range(9999): d[str(i)] = [i]", "d = {}", number=1, repeat=9); \
    print(round(min(work) * 1e6))

# Of the Pythons that will do, takes the first, unless a later one is clearly faster.
define MAKE_VENV
	found= python=; \
	for candidate in $(PYTHONS); do \
	    $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    found=$${found:-$$candidate}; \
	    time_us=$$($$candidate -c '$(TIME_US)' 2>/dev/null) || continue; \
	    [ -z "$$python" ] || [ $$time_us -lt $$enough_us ] || continue; \
	    python=$$candidate; \
	    enough_us=$$((time_us * 17 / 20)); \
	done; \
	if [ -z "$$found" ]; then \
	    echo 'Python 3.11 or newer is needed, and there is none: install it, or say where it' \
	        'is with `make PYTHON=...`.' >&2; \
	    exit 1; \
	fi; \
	if [ -z "$$python" ]; then \
	    echo "$$found lacks the module venv or ensurepip: install it, on Debian and Ubuntu with" \
	        '`apt-get install python3-venv`.' >&2; \
	    exit 1; \
	fi; \
	echo "Making $(VENV) with $$python"; \
	$$python -m venv --clear $(VENV)
endef

# Removes batches and caches, but neither .venv nor the nodes that were edited under runs/nodes.
clean:
	rm -rf runs/2* runs/latest build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
