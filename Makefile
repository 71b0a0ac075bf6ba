# Everything a newcomer needs: `make demo` and `make test`. Both set up .venv by themselves.
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TESTS ?= tests

# The first Python that is 3.11 or newer; `make PYTHON=/path/to/python3` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v $$p; break; }; done)

# Without a C compiler that works the demo also needs the one of PyPI's ziglang (100 MB); the tests always do.
EXTRA := $(shell for c in "$$CC" gcc clang; do \
	echo 'int x;' | $$c -x c -include math.h -c - -o /dev/null >/dev/null 2>&1 && { echo plot; exit; }; done; echo plot,zig)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fuzz fuzz-cuda fuzz-ptx nvcc science-long accuracy pycuda gpu docs-check gallery wheel clean

help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 \t/p' Makefile | expand -t 22

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "plastlang needs Python 3.11 or newer; none was found (try make PYTHON=/path/to/python3)"; exit 3; }
	@echo "==> making $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python cannot make virtual environments here; on Debian and Ubuntu: apt-get install python3-venv"; exit 3; }

$(VENV)/.demo: $(BIN)/python pyproject.toml
	@echo "==> installing plastlang[$(EXTRA)] into $(VENV)"
	@$(PIP) install --quiet --prefer-binary --no-compile -e ".[$(EXTRA)]"
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	@echo "==> installing plastlang[test] into $(VENV)"
	@$(PIP) install --quiet --prefer-binary --no-compile -e ".[test]"
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## watch a topographic map form (60 s of biological time), figures in out/
	@echo "==> running examples/topographic_map.py"
	@$(BIN)/python examples/topographic_map.py

test: check ## lint, types, import rules, then all tests but the long ones
	@echo "==> tests"
	@$(BIN)/python -m pytest -n 2 -m "not long" $(TESTS)

check: $(VENV)/.test ## lint, types and import rules
	@echo "==> ruff"
	@$(BIN)/ruff check .
	@echo "==> mypy"
	@$(BIN)/mypy
	@echo "==> import rules"
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.test ## all benchmarks, written to docs/benchmarks.md
	@$(BIN)/python benchmarks/run.py

fuzz: $(VENV)/.test ## the property tests with many more examples
	@$(BIN)/python -m pytest -n 2 --fuzz 20 -m "not long" $(TESTS)

fuzz-cuda: $(VENV)/.test ## 20 000 random programs on the reference, C and emulated CUDA (hours; goes on)
	@$(BIN)/python -m tests.cuda.many_programs 0 20000

fuzz-ptx: $(VENV)/.test ## 2000 random programs whose kernels are run as NVIDIA's PTX of them (hours; goes on)
	@$(BIN)/python -m tests.cuda.many_programs 0 2000 --ptx --into out/many_ptx

nvcc: $(VENV)/.test ## kernels of the whole library for all architectures, warnings and spills as errors (needs nvcc)
	@$(BIN)/python -m pytest -n 2 -m long tests/cuda/test_emitted_code.py

science-long: $(VENV)/.test ## minutes of simulation against published figures
	@$(BIN)/python -m pytest -n 2 -m long tests/science tests/train

accuracy: $(VENV)/.test ## accuracy of dense, static and rewired networks, 20 seeds (half an hour), into docs/training.md
	@$(BIN)/python -m benchmarks.training_accuracy --task digits --task yin-yang --seeds 20 --report

pycuda: $(VENV)/.test ## build PyCUDA into .venv (needs the CUDA toolkit, no GPU), so that its tests run
	@$(BIN)/python benchmarks/pycuda_wheels.py

gpu: $(VENV)/.test ## on a machine with a GPU: compare bits, sanitize, time; written to docs/gpu.md
	@$(BIN)/python benchmarks/gpu.py

docs-check: $(VENV)/.test ## run every code block of the documents
	@$(BIN)/python -m pytest tests/docs

.PHONY: peers
peers: $(VENV)/.test ## the library's rules against Brian2 and NEST, each in an environment of its own (about 300 MB)
	@for p in brian2 nest; do test -x $(VENV)/$$p/bin/python && continue; echo "==> installing $$p into $(VENV)/$$p"; \
		$(BIN)/python -m venv $(VENV)/$$p && $(VENV)/$$p/bin/python -m pip --disable-pip-version-check install --quiet \
		--prefer-binary $$(case $$p in nest) echo nest-simulator;; *) echo $$p;; esac) || { rm -rf $(VENV)/$$p; exit 3; }; done
	@PLASTLANG_BRIAN2=$(VENV)/brian2/bin/python PLASTLANG_NEST=$(VENV)/nest/bin/python \
		$(BIN)/python -m pytest tests/rules/test_against_brian2.py tests/rules/test_against_nest.py

gallery: $(VENV)/.test ## a page with equations and a picture for each neuron and rule, into docs/gallery/
	@$(BIN)/plastc doc --out docs/gallery

wheel: $(VENV)/.test ## build the wheel into dist/
	@$(BIN)/python -m build --wheel --outdir dist .

clean: ## remove what was built (not .venv)
	rm -rf build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
