# Featherweight. `make help` lists what there is; `make course` and `make test` are all a newcomer needs.
# All that a recipe writes lies in .venv/ and _build/, except `release`, which writes assignments/, and `lock`.

PYTHON ?= python3
PYTHON_PATH := $(shell command -v "$(PYTHON)")
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
BUILD := _build
SUBMITTED := $(BUILD)/sample-class/submitted
GRADED := $(BUILD)/sample-class/graded
ASSIGNMENTS := $(notdir $(wildcard solutions/*))
ARGS ?=

# Paths here are relative, so that a folder with a space in its name works. What an activated environment
# or a user's own settings would change is set aside.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MPLBACKEND := agg
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV CONDA_PREFIX UV_TORCH_BACKEND

# TORCH_BACKEND (cpu, cu130, rocm7.2, ...: whatever `uv pip install --torch-backend` takes) is remembered
# until another one is named; `lock` goes back to the build that the lock names.
ifeq ($(TORCH_BACKEND),)
TORCH_BACKEND := $(or $(firstword $(shell cat $(VENV)/made-for 2>/dev/null)),lock)
endif

# A change to what a page or a grade is made of makes it again.
tree = $(shell find $(1) -type f -not -path '*/__pycache__/*' -not -path '*/.*' 2>/dev/null)
BENCH := $(call tree,featherweight)
BOOK := _config.yml _toc.yml $(call tree,book)
# What the guide's tables and examples come from.
BOOK += $(addprefix autograder/,cli.py grade.py formgrader.py execute.py) $(wildcard tests/attacks/threats.yaml tests/course/example_checks.py) $(call tree,tests/attacks/cases)
BUILT := $(BUILD)/book-$(or $(FEATHERWEIGHT_SCALE),quick).stamp
COURSE := nbgrader_config.py $(call tree,solutions autograder)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env course test book release grade bundle audit format lint full bench pictures lock clean

help: ## list what make can do
	@echo "make TARGET  (two commands to begin with: make course, make test)"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

env: $(INSTALLED) ## make the environment .venv from requirements.lock

course: book release grade ## build the book, release the assignments, grade the sample class
	@echo
	@echo "The book:          $(CURDIR)/$(BUILD)/html/index.html"
	@for assignment in $(ASSIGNMENTS); do \
	  echo "The class report:  $(CURDIR)/$(GRADED)/$$assignment/report.html"; done

test: $(INSTALLED) ## run the test-suite; make test ARGS="-k pruning" runs a part
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

book: $(BUILT) ## build the book, each page executed, into _build/html

release: $(BUILD)/release.stamp ## write assignments/ from solutions/

grade: $(ASSIGNMENTS:%=$(GRADED)/%.stamp) ## grade the sample class into _build/sample-class/graded

bundle: $(BUILD)/release.stamp ## zip what students get into _build
	$(BIN)/autograder bundle $(ARGS)

audit: $(INSTALLED) ## test the hidden tests: reference, empty, mutants, alternatives
	$(BIN)/autograder audit $(ARGS)

format: $(INSTALLED) ## format modules and the code in notebooks
	$(BIN)/ruff format .
	$(BIN)/python -m tests.house.format_notebooks

lint: $(INSTALLED) ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

full: $(INSTALLED) ## run a chapter at full scale and write its record; CHAPTER=book/... names it
	@[ -n "$(CHAPTER)" ] || { echo "Name a chapter: make full CHAPTER=book/pruning/magnitude-pruning.md" >&2; exit 1; }
	@mkdir -p $(BUILD)/full
	FEATHERWEIGHT_SCALE=full $(BIN)/jupytext --to ipynb --execute --output $(BUILD)/full/$(basename $(notdir $(CHAPTER))).ipynb "$(CHAPTER)"

bench: $(INSTALLED) ## measure speed and write benchmarks/results.json
	$(BIN)/python -m benchmarks.run $(ARGS)

pictures: $(BUILT) grade ## take the pictures of the README (needs Chromium)
	$(BIN)/python book/_pictures/take.py

lock: $(INSTALLED) ## compile requirements.lock again; ARGS=--upgrade takes the newest versions
	$(BIN)/uv pip compile pyproject.toml --universal --all-extras --generate-hashes \
	  --no-emit-index-url --python-version 3.11 -o requirements.lock $(ARGS)

clean: ## remove _build; an instructor's own course/ stays
	rm -rf $(BUILD)

# The environment, in three steps: an empty one, the packages, this project. It is made anew when the folder
# was moved or another TORCH_BACKEND is asked for; a lock with the same content installs nothing.
MADE_FOR := $(TORCH_BACKEND) $(CURDIR)
ifneq ($(shell cat $(VENV)/made-for 2>/dev/null),$(MADE_FOR))
.PHONY: $(VENV)/made-for
endif

$(VENV)/made-for:
	@[ -n "$(PYTHON_PATH)" ] || { \
	  echo "Featherweight needs Python 3.11, 3.12 or 3.13 and found no $(PYTHON): install one, or name it as in make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON_PATH)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "Featherweight needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $$("$(PYTHON_PATH)" --version 2>&1): name another as in make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON_PATH)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module: install it (Debian and Ubuntu: apt install python3-venv), then run make again." >&2; exit 1; }
	"$(PYTHON_PATH)" -m venv --clear $(VENV)
	@printf '%s\n' '$(MADE_FOR)' > $@

# Bytecode is compiled at once: the grader's sandbox cannot write it, and would compile at each start.
# pip installs the uv that the lock names, uv the rest; every file is checked against the lock's hashes, and
# packages that the lock no longer names are removed.
# The wheels of another TORCH_BACKEND come from an index of their own, so the lock cannot know their hashes:
# there the lock without torch's own packages is installed and checked, then torch and torchvision of the
# lock's versions from that index. Their dependencies are in place by then, except the backend's libraries.
TORCH_PACKAGES := torch|torchvision|triton|nvidia-.*|cuda-.*
locked = $(shell sed -n 's/^\($(1)==[^ ]*\).*/\1/p' requirements.lock)
UV_INSTALL := $(BIN)/uv pip install --python $(BIN)/python

$(VENV)/requirements.lock: requirements.lock $(VENV)/made-for
	@cmp -s requirements.lock $@ || $(MAKE) --no-print-directory packages
	@cp requirements.lock $@

.PHONY: packages
packages:
	@sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r $(VENV)/uv.txt
ifeq ($(TORCH_BACKEND),lock)
	$(BIN)/uv pip sync --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
else
	@awk '/^[a-z]/ { keep = !/^($(TORCH_PACKAGES))==/ } keep' requirements.lock > $(VENV)/without-torch.txt
	$(UV_INSTALL) --require-hashes -r $(VENV)/without-torch.txt
	$(UV_INSTALL) --compile-bytecode --torch-backend $(TORCH_BACKEND) $(call locked,torch) $(call locked,torchvision)
endif

$(INSTALLED): pyproject.toml $(VENV)/requirements.lock
	$(UV_INSTALL) --quiet --no-deps --no-build-isolation -e .
	@touch $@

# The book keeps its own account of what changed (book/_ext/execution.py); make decides only whether to ask.
$(BUILT): $(BOOK) $(BENCH) $(INSTALLED)
	@mkdir -p $(BUILD)
	$(BIN)/python -m featherweight.export --check
	$(BIN)/jupyter-book build . -n -W --keep-going
	@rm -f $(BUILD)/book-*.stamp
	@touch $@

$(BUILD)/release.stamp: $(COURSE) $(BENCH) $(INSTALLED)
	@mkdir -p $(BUILD)
	$(BIN)/autograder release
	@touch $@

$(SUBMITTED).stamp: $(BUILD)/release.stamp
	$(BIN)/autograder sample-class --out $(SUBMITTED)
	@touch $@

$(GRADED)/%.stamp: $(SUBMITTED).stamp
	@mkdir -p $(GRADED)
	$(BIN)/autograder grade $* --submissions $(SUBMITTED) --out $(GRADED)/$* --cell-seconds 20
	@touch $@
