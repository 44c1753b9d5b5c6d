# make help lists the targets. Each installs what it needs from Debian when that is missing.

SWIFT ?= swift
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help deps deps-bench deps-interop deps-browser build build-bench test demo lint format bench bench-full bench-smoke bench-scale bench-micro soak sim nightly fuzz interop clean

help:
	@echo "make demo      makes an archive from sample data it writes itself, proves, holds, purges, certifies, tampers, verifies"
	@echo "make test      all tests of everyday (under 15 minutes on 2 cores)"
	@echo "make build     the command, optimised: .build/release/muniment"
	@echo "make lint      the format check      make format   the formatter"
	@echo "make interop   checks tiles, checkpoints and proofs with golang.org/x/mod"
	@echo "make bench     every figure against RocksDB, SQLite and a raw file in one run, with plots (minutes); make bench-full (most of an hour)"
	@echo "make bench-micro   allocations, and ratios to the same work elsewhere, of single operations, with bounds"
	@echo "make bench-scale   growth from 10^4 to 10^7 records, or BENCH_MAX      make soak   an hour of everything at once, or SOAK_SECONDS"
	@echo "make sim       20,000 seeded runs of the store on a simulated disk"
	@echo "make fuzz      a minute of libFuzzer for each decoder"
	@echo "make nightly   all of it, with 1,500 kill -9 and every bit of a small store flipped"

# Headers and libraries that the package links; nothing happens when they are there.
deps:
	@{ [ -e /usr/include/lz4.h ] && [ -e /usr/include/sodium.h ] && [ -e /usr/include/archive.h ] && \
		command -v pkg-config > /dev/null; } || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq liblz4-dev libsodium-dev libarchive-dev pkg-config; }

deps-bench: deps
	@{ [ -e /usr/include/rocksdb/c.h ] && [ -e /usr/include/sqlite3.h ]; } || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq librocksdb-dev libsqlite3-dev; }

deps-interop: deps
	@{ command -v go > /dev/null && [ -d /usr/share/gocode/src/golang.org/x/mod ]; } || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq golang-go golang-golang-x-mod-dev; }

# Chromium opens the evidence page in the tests, which are skipped without it.
deps-browser:
	@command -v chromium > /dev/null || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium; } || \
		echo "no Chromium: the tests of the evidence page will be skipped"

# The second verifier is Python; its two libraries come from PyPI, into a folder of their own.
.venv-verify/done: | deps
	@python3 -c 'import cryptography.hazmat.primitives.kdf.argon2, lz4.block' 2> /dev/null || { \
		python3 -c 'import venv, ensurepip' 2> /dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }; \
		python3 -m venv .venv-verify && .venv-verify/bin/pip install -q 'cryptography>=44' lz4; }
	@mkdir -p .venv-verify && touch $@

build: deps
	$(SWIFT) build -c release --product muniment

test: deps deps-browser .venv-verify/done
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

demo: deps
	$(SWIFT) build -c release --product muniment
	@bash Tests/Scripts/demo.sh .build/release/muniment

lint:
	$(SWIFT) format lint --strict -r Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
		Benchmarks/Micro/Package.swift Benchmarks/Micro/Benchmarks

format:
	$(SWIFT) format -i -r Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
		Benchmarks/Micro/Package.swift Benchmarks/Micro/Benchmarks

interop: deps-interop build
	MUNIMENT=$$PWD/.build/release/muniment Tests/Interop/run.sh

# Where contenders write: a directory on the disk that is to be measured, which is none in memory.
BENCH_DIR ?= $(CURDIR)/Benchmarks/.scratch
BENCH_RESULTS := $(CURDIR)/Benchmarks/results
BENCH := $(CURDIR)/Benchmarks/.build/release/muniment-bench

build-bench: deps-bench
	cd Benchmarks && $(SWIFT) build -c release
	@mkdir -p "$(BENCH_DIR)"

# Minutes: every row of the table in one run, then a latency view.
bench: build-bench
	$(BENCH) run --effort quick --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/bench
	$(BENCH) latency --seconds 15 --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/bench

# Most of an hour: more records, more rounds, a minute for each load.
bench-full: build-bench
	$(BENCH) run --effort full --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/bench-full
	$(BENCH) latency --seconds 60 --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/bench-full

# A minute: shows that all of it works.
bench-smoke: build-bench
	$(BENCH) records
	$(BENCH) run --effort smoke --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/smoke > /dev/null
	$(BENCH) latency --seconds 1.5 --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/smoke > /dev/null
	$(BENCH) scale --max 10000 --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/smoke > /dev/null

# Growth curves up to 10^7 records, or BENCH_MAX.
bench-scale: build-bench
	$(BENCH) scale --max $${BENCH_MAX:-10000000} --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/scale

# Counts and ratios of single operations, each with its bound. The plugin ends well whatever a benchmark says, so what it said is looked at.
bench-micro: deps
	@mkdir -p Benchmarks/Micro/.build
	cd Benchmarks/Micro && $(SWIFT) package --disable-sandbox benchmark --no-progress | tee .build/micro.log
	@! grep 'the budget is' Benchmarks/Micro/.build/micro.log && grep -q 'verify of 100,000 records' Benchmarks/Micro/.build/micro.log

# An hour, or SOAK_SECONDS: fails when memory, descriptors or latency grow, or a record is missing.
soak: build-bench
	$(BENCH) soak --seconds $${SOAK_SECONDS:-3600} --dir "$(BENCH_DIR)" --out $(BENCH_RESULTS)/soak

sim: deps
	$(SWIFT) build -c release --build-tests --scratch-path .build-sim -Xswiftc -enable-testing
	MUNIMENT_SIM_RUNS=$${MUNIMENT_SIM_RUNS:-20000} $(SWIFT) test -c release --skip-build --scratch-path .build-sim -Xswiftc -enable-testing \
		--filter Simulation

fuzz: deps
	Tests/Fuzz/run.sh $${SECONDS_EACH:-60}

nightly: test sim interop fuzz
	MUNIMENT_NIGHTLY=1 $(SWIFT) test --skip-build --filter 'BitFlip|TamperCatalogueSecond'
	MUNIMENT_NIGHTLY=1 $(SWIFT) test -c release --skip-build --scratch-path .build-sim -Xswiftc -enable-testing \
		--filter 'aChangeInAThousandRecords|QueryScale'
	bash Tests/Scripts/query_beside_writer.sh .build/release/muniment
	MUNIMENT_KILLS=1000 bash Tests/Scripts/kill9.sh .build/release/muniment
	MUNIMENT_KILLS=500 bash Tests/Scripts/kill9_compact.sh .build/release/muniment

clean:
	rm -rf .build .build-* Benchmarks/.build Benchmarks/.scratch Benchmarks/Micro/.build .venv-verify
