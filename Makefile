# make demo   the main job on a sample recording, into demo/; opens napari when there is a display
# make test   everything the tests need, then the tests
# make lint   ruff, mypy, import-linter
# make docs   rewrite the settings tables in docs/ from their declarations
# Each does its own set-up in .venv; only Python 3.11 or newer, make and git are needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export MPLBACKEND ?= Agg
# Where there is no display, a virtual one (napari's canvas needs OpenGL).
SCREEN = $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY)),,xvfb-run -a -s "-screen 0 1600x1000x24")

.PHONY: demo test lint format docs system clean

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(READY)
	$(BIN)/insitu-tem demo --out demo

test: $(READY) system
	$(SCREEN) $(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY)
	$(BIN)/python docs/settings_tables.py

# On Debian and Ubuntu without a display: Xvfb and the libraries that Qt's wheels expect.
system:
ifeq ($(or $(DISPLAY),$(WAYLAND_DISPLAY)),)
	@command -v xvfb-run >/dev/null && ldconfig -p | grep -q libxcb-cursor || { \
		command -v apt-get >/dev/null || { echo "Install Xvfb and Qt's libraries first (there is no display)."; exit 1; }; \
		echo "There is no display: installing Xvfb and Qt's system libraries with apt-get."; \
		SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq --no-install-recommends \
			xvfb xauth libegl1 libgl1 libglx-mesa0 libgl1-mesa-dri libopengl0 libdbus-1-3 libfontconfig1 \
			libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 \
			libxcb-render-util0 libxcb-xinerama0 libxcb-shape0 libxcb-randr0; }
endif

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
