# make run     everything from nothing: packages, build, two render workers on port 3000, one sound, the list
# make test    builds and runs the tests, under AddressSanitizer and UndefinedBehaviorSanitizer
# make bench   measures kpm beside the real pm2
# make soak    the supervisor through a hundred times a million simulated events; 200 reloads under load of each kind of
#              app, a hundred thousand connections
# make image-test  builds the container images without a Docker daemon, and tries them (needs root, some minutes)
# make deb     Debian packages of kpm and of the render worker, in build/release/packages
# make npm     an npm package of kpm, there as well
# make package-test  builds both and installs, uses and removes them (needs root, a Debian of its own for the first)
# make fresh-test  the first two of these, typed into a Debian 12 of their own (needs root, an hour)
# make format  clang-format over all sources        make lint  clang-tidy and the dependency check
JOBS ?= $(shell nproc)

.PHONY: run test bench soak image-test deb npm package-test fresh-test build format lint clean

build:
	@scripts/install-packages.sh build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS) --target programs

run: build
	@scripts/run.sh

test:
	@scripts/install-packages.sh build test package package-test
	@cmake --preset debug >/dev/null
	@cmake --build --preset debug --parallel $(JOBS)
	@[ "$$(id -u)" = 0 ] || echo "note: not root: tests with other users and with namespaces will fail"
	@ctest --preset debug --no-tests=error

bench: build
	@scripts/install-packages.sh test
	@cmake --build --preset release --parallel $(JOBS) --target bench_programs
	@scripts/install-pm2.sh build/pm2
	@bench/run.py

soak: build
	@cmake --build --preset release --parallel $(JOBS) --target sim_core
	@build/release/tests/sim_core --seed $(or $(SEED),1) --seeds $(or $(SEEDS),100)
	@cmake --build --preset release --parallel $(JOBS) --target soak_tests
	@KPM_BIN_DIR=$(CURDIR)/build/release/bin KPM_SOURCE_DIR=$(CURDIR) KPM_RELOADS=200 KPM_CONNECTIONS=100000 \
	    build/release/tests/e2e_traffic --filenames-as-tags '*reloads under*,[#connections_test]'

image-test:
	@scripts/install-packages.sh image
	@JOBS=$(JOBS) scripts/test-image.sh build/image

deb: build
	@scripts/install-packages.sh package
	@scripts/make-deb.sh build/release

npm: build
	@scripts/install-packages.sh package
	@scripts/make-npm.sh build/release

package-test: deb npm
	@scripts/install-packages.sh package-test
	@scripts/test-deb.sh build/release/packages build/image
	@scripts/test-npm.sh build/release/packages/kpm-[0-9]*.tgz

fresh-test:
	@scripts/install-packages.sh fresh-test
	@scripts/fresh-test.sh build/image

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format -i

lint:
	@scripts/install-packages.sh build lint
	@tests/lint/check_includes.sh
	@tests/lint/check_links.py
	@tests/lint/check_proofs.py
	@cmake --preset release >/dev/null
	@git ls-files '*.cpp' | grep -v '^tests/' | xargs -P $(JOBS) -n 4 clang-tidy -p build/release --quiet

clean:
	@rm -rf build
