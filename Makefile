# Every target creates what it needs and is fast the second time.
#   make demo    the main job, from a built wheel, on a real server and kernel
#   make test    pytest, jest and the browser tests
#   make lab     JupyterLab on the example
#   make coverage what no test runs
#   make bench   the figures (one by name: make bench ONLY=cell_return)
#   make chaos   ten minutes of kills, cuts and damage around jobs on both targets (more: SECONDS=3600;
#                the same again: SEED=7); fails where a job is lost, doubled or stuck, a log wrong, …
#   make lint    every linter
#   make hosts   installed beside what users have, image by image (one: make hosts ONLY=4.4.1)

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
SDK_V2 := 2.257.7
SDK_V3 := 3.27.0
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

SOURCES := $(shell find jupyter_sm -name '*.py' -not -name _version.py) \
	$(shell find jupyter_sm -name '*.toml' -o -name '*.yaml')
FRONTEND := $(shell find src style schema -type f 2>/dev/null) package.json tsconfig.json

.PHONY: demo test pytest jest coverage browser lab bench chaos hosts lint types schema wheel clean chromium

demo: build/demo.stamp
	build/demo-venv/bin/python scripts/demo.py

test: pytest jest browser

pytest: $(VENV)/installed.stamp build/oracle.stamp
	$(BIN)/python -m pytest

jest: build/node.stamp
	jlpm jest

# Told, not gated: what no test runs, of Python (other processes too) and of TypeScript.
coverage: $(VENV)/installed.stamp build/oracle.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	jlpm jest --coverage

browser: $(VENV)/installed.stamp build/ui-tests.stamp chromium
	cd ui-tests && jlpm playwright test

lab: $(VENV)/installed.stamp
	cd examples && $(BIN)/jupyter lab quickstart.ipynb

bench: $(VENV)/installed.stamp build/ui-tests.stamp build/sdk-v2.stamp build/sdk-v3.stamp chromium
	$(BIN)/python -m benchmarks $(ONLY)

chaos: $(VENV)/installed.stamp
	SECONDS=$(or $(SECONDS),600) SEED=$(SEED) $(BIN)/python -m benchmarks.chaos

hosts: build/wheel.stamp build/ui-tests.stamp build/uv.stamp chromium
	$(BIN)/python scripts/hosts.py $(ONLY)

lint: $(VENV)/installed.stamp build/node.stamp
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	$(BIN)/python scripts/generate_types.py --check
	jlpm lint:check

types: $(VENV)/installed.stamp
	$(BIN)/python scripts/generate_types.py

# The snapshot of the store's tables, after a step was added.
schema: $(VENV)/installed.stamp
	$(BIN)/python scripts/write_schema.py

chromium:
	@sh scripts/ensure_chromium.sh

# The environment for development: dependencies first, then the package, editable.
$(VENV)/dependencies.stamp: pyproject.toml scripts/dependencies.py
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(BIN)/python scripts/dependencies.py > $(VENV)/requirements.txt
	$(PIP) install -r $(VENV)/requirements.txt
	touch $@

build/node.stamp: $(VENV)/dependencies.stamp package.json yarn.lock
	@mkdir -p build
	jlpm install --immutable
	touch $@

build/frontend.stamp: build/node.stamp $(FRONTEND)
	jlpm build:prod
	touch $@

$(VENV)/installed.stamp: build/frontend.stamp pyproject.toml
	# "develop" leaves a copy of it there, and the next install takes only one.
	rm -f jupyter_sm/labextension/install.json
	$(PIP) install --no-build-isolation --no-deps -e .
	jupyter-builder develop . --overwrite
	touch $@

build/ui-tests.stamp: $(VENV)/dependencies.stamp ui-tests/package.json ui-tests/yarn.lock
	@mkdir -p build
	cd ui-tests && jlpm install --immutable
	touch $@

# AWS's own training toolkit, against which a test holds the container's environment.
build/oracle.stamp:
	@mkdir -p build
	$(PYTHON) -m venv build/oracle
	build/oracle/bin/python -m pip -q --disable-pip-version-check install sagemaker-training==5.1.4
	touch $@

# SageMaker's own SDKs, which benchmarks run beside ours, each in an environment of its own.
build/sdk-v2.stamp build/sdk-v3.stamp: build/sdk-v%.stamp:
	@mkdir -p build
	$(PYTHON) -m venv build/sdk-v$*
	build/sdk-v$*/bin/python -m pip -q --disable-pip-version-check install sagemaker==$(SDK_V$*)
	touch $@

# As a user installs it: a wheel, not editable, in an environment of its own.
build/wheel.stamp: build/frontend.stamp $(SOURCES) install.json README.md
	rm -rf build/dist
	# "develop" leaves a copy of it there, and the wheel takes only one.
	rm -f jupyter_sm/labextension/install.json
	$(BIN)/python -m build --wheel --no-isolation --outdir build/dist .
	touch $@

wheel: build/wheel.stamp

build/uv.stamp:
	@mkdir -p build
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip -q --disable-pip-version-check install uv
	touch $@

build/demo.stamp: build/wheel.stamp
	test -d build/demo-venv || $(PYTHON) -m venv build/demo-venv
	build/demo-venv/bin/python -m pip -q --disable-pip-version-check install ipykernel jupyterlab scikit-learn
	build/demo-venv/bin/python -m pip -q --disable-pip-version-check install --force-reinstall --no-deps build/dist/*.whl
	build/demo-venv/bin/python -m pip -q --disable-pip-version-check install build/dist/*.whl
	touch $@

clean:
	rm -rf build lib jupyter_sm/labextension jupyter_sm/_version.py coverage .venv
