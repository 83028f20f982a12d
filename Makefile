# Needs Python 3.10 to 3.12, a C++ compiler and make; everything else is installed into .venv.
#
#   make install                   make .venv and install the package into it
#   make run                       show the puppet to the whole system and print its action events
#   make run SOURCE=clip.mp4       the same for a video file (SOURCE=0: a webcam)
#   make check                     lint, types, import contracts and fast tests, from the checkout
#   make test                      the same checks, and all tests against the installed package
#   make bench                     the measurements of bench/, and their tables in bench/RESULTS.md
#   make bench QUICK=1             only see whether they work; nothing is written
#   make bench ROUNDS=2            measure less often than usual, or more often
#   make bench DATA=folder         with those that need recorded videos
#   make clean                     remove .venv and what builds have left
#
#   make install GPU=1             with PyTorch, for a GPU
#   make install GPU=1 TORCH='torch torchvision'  another build of it than the one tested with
#   make install PYTHON=python3.12 another Python than the first one found that fits

VENV ?= .venv
# Of torchvision, the release that was built for this PyTorch.
TORCH ?= torch==2.14.1 torchvision==0.29.1
# Its wheel holds the networks of poses. It is installed without its requirements.
MEDIAPIPE ?= mediapipe==0.10.21
SOURCE ?= puppet

SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.12 python3.11 python3.10; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
endif

COMMA := ,
BIN := $(abspath $(VENV))/bin
WHEEL := $(VENV)/wheel
# Tests and scripts must find the installed package only.
unexport PYTHONPATH

# The stamp is named after the content of all that is installed: a changed, a new and a deleted file
# lead to a new installation, a file that was only touched does not.
SOURCES := CMakeLists.txt package.xml pyproject.toml setup.py action bharnet_ros config launch models msg srv
FINGERPRINT := $(shell find $(SOURCES) -type f ! -name '*.pyc' | LC_ALL=C sort | xargs cksum \
	| cksum | tr -s ' ' '-')
INSTALLED := $(VENV)/installed-$(FINGERPRINT)$(if $(GPU),-gpu)
INSTALL_TORCH = $(BIN)/python -m pip install --quiet --no-warn-conflicts $(foreach package,$(TORCH),'$(package)')
# Of what messages and dependencies are made from alone.
GENERATED := $(VENV)/generated-$(shell find action msg srv CMakeLists.txt package.xml setup.py -type f \
	| LC_ALL=C sort | xargs cksum | cksum | tr -s ' ' '-')
TOOLS := $(VENV)/tools-$(shell cksum < setup.py | tr -s ' ' '-')
BENCH_TOOLS := $(VENV)/bench-tools-$(shell cksum < setup.py | tr -s ' ' '-')

.PHONY: install run check test bench clean check-machine
.SILENT:

install: $(INSTALLED)
	echo "bharnet_ros is installed: $(BIN)/bharnet --help"

run: $(INSTALLED)
	$(BIN)/bharnet run --source '$(SOURCE)'

define LINT
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
endef

# Needs an installation for the tools and the generated messages, be it an older one.
check: $(GENERATED)
	$(LINT)
	PYTHONPATH='$(CURDIR)' $(BIN)/pytest -n auto -q \
		-m 'not slow and not ros and not mediapipe'

# The tests run in test/, where the folder bharnet_ros of the checkout cannot shadow the package.
test: $(INSTALLED) $(TOOLS)
	$(LINT)
	cd test && $(BIN)/pytest

bench: $(INSTALLED) $(BENCH_TOOLS)
	$(BIN)/python -m bench.run_all $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds '$(ROUNDS)') \
		$(if $(DATA),--data '$(DATA)')

clean:
	rm -rf $(VENV) dist bharnet_ros.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf build/bdist.* build/lib.* build/temp.*
	find bharnet_ros launch test bench research -name __pycache__ -type d -prune -exec rm -rf {} +

APT := (Debian and Ubuntu: sudo apt install python3 python3-venv python3-dev g++ make)
define PROBE
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(None if os.path.exists(header) else "no " + header)
endef
export PROBE

check-machine:
	test "$$(uname -m)" = x86_64 || { echo 'error: ROS 2 has wheels for x86-64 alone. On this machine' \
		'build beside a ROS distribution: docs/robot.md' >&2; exit 1; }
	test -n '$(PYTHON)' && '$(PYTHON)' -c '$(SUPPORTED)' 2>/dev/null || { \
		echo 'error: Python 3.10, 3.11 or 3.12 is needed and was not found. $(APT)' \
		'Name another one with PYTHON=/path/to/python3.' >&2; exit 1; }
	'$(PYTHON)' -c "$$PROBE" || { \
		echo 'error: $(PYTHON) lacks its venv module or its C headers. $(APT)' >&2; exit 1; }
	for compiler in "$$CXX" c++ g++ clang++; do \
		command -v "$$compiler" >/dev/null 2>&1 && exit 0; done; \
		echo 'error: a C++ compiler is needed and none was found. $(APT)' >&2; exit 1

$(BIN)/python: | check-machine
	'$(PYTHON)' -m venv $(VENV)

$(INSTALLED): | check-machine $(BIN)/python
	rm -rf $(WHEEL) $(VENV)/installed-*
	echo "Building the package and its messages"
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(WHEEL) .
	rm -rf build/bdist.* build/lib.* build/temp.* bharnet_ros.egg-info
	test ! -d build || rmdir --ignore-fail-on-non-empty build
	echo "Installing it with ROS 2 and the networks (a minute or two, the first time)"
	$(if $(GPU),$(INSTALL_TORCH))
	$(BIN)/python -m pip install --quiet --no-warn-conflicts "$$(echo $(WHEEL)/*.whl)[ros$(if $(GPU),$(COMMA)gpu)]"
	$(BIN)/python -m pip install --quiet --no-deps --no-warn-conflicts '$(MEDIAPIPE)'
	$(BIN)/python -m pip install --quiet --no-deps --no-warn-conflicts --force-reinstall $(WHEEL)/*.whl
	touch $@

$(TOOLS): $(INSTALLED)
	rm -f $(VENV)/tools-*
	$(INSTALL_TORCH)
	$(BIN)/python -m pip install --quiet --no-warn-conflicts \
		"$$(echo $(WHEEL)/*.whl)[ros,test,train,cluster,bench,mediapipe]"
	rm -f $(VENV)/generated-*
	touch $@ $(GENERATED)

# Not a prerequisite: an installation that is older than the checkout is good enough.
$(GENERATED):
	$(MAKE) --no-print-directory $(TOOLS)

$(BENCH_TOOLS): $(INSTALLED)
	rm -f $(VENV)/bench-tools-*
	$(INSTALL_TORCH)
	$(BIN)/python -m pip install --quiet --no-warn-conflicts "$$(echo $(WHEEL)/*.whl)[ros,train,bench,mediapipe]"
	touch $@
