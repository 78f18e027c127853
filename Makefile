# make run     everything from nothing: packages, build, two render workers on port 3000, one sound, the list
# make test    builds and runs the tests
# make sanitize  the same with AddressSanitizer and UndefinedBehaviorSanitizer
# make format  clang-format over all sources        make lint  clang-tidy and the dependency check
JOBS ?= $(shell nproc)

.PHONY: run test sanitize build format lint clean

build:
	@scripts/install-packages.sh build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS)

run: build
	@scripts/run.sh

test:
	@scripts/install-packages.sh build test
	@cmake --preset test >/dev/null
	@cmake --build --preset test --parallel $(JOBS)
	@ctest --preset test --no-tests=error

sanitize:
	@scripts/install-packages.sh build test
	@cmake --preset debug >/dev/null
	@cmake --build --preset debug --parallel $(JOBS)
	@ctest --preset debug --no-tests=error

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format -i

lint:
	@scripts/install-packages.sh build lint
	@tests/lint/check_includes.sh
	@cmake --preset release >/dev/null
	@git ls-files '*.cpp' | grep -v '^tests/' | xargs -P $(JOBS) -n 4 clang-tidy -p build/release --quiet

clean:
	@rm -rf build
