# Every target that compiles needs the build tag, and DuckDB needs a C++ compiler.
TAGS := -tags=duckdb_arrow
GOTEST := go run ./scripts/gotest $(TAGS) -count=1

# Packages found by what their files hold, so that a new one needs no line here.
packages_with = $(addprefix ./,$(sort $(dir $(shell git grep --untracked -lE '$(1)' -- '*_test.go'))))
LONG = $(call packages_with,LIANJI_LONG)
BENCHMARKS = $(call packages_with,^func Benchmark)
# Goroutines meet in these. The check of pointers that comes with the race detector is off:
# it ends the process where arrow-go looks at a buffer that is too short for one value, whose
# bounds Go checks none the less.
RACE = ./internal/safego ./catalog/audit $(wildcard ./exec ./server)

.DEFAULT_GOAL := help
.PHONY: help build demo unit test test-long soak oracle bench microbench lint gen mutants leak-mutants deps compiler

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## make the sample city in ./lianji-demo, serve it, print statements to try
	bin/lianji demo --dir ./lianji-demo

build: compiler ## build bin/lianji
	go build $(TAGS) -o bin/lianji ./cmd/lianji

unit: compiler ## test what needs no server; prints what was skipped
	@LIANJI_TEST_POSTGRES=off LIANJI_TEST_MARIADB=off $(GOTEST) -timeout=10m ./... && status=0 || status=1; \
	echo 'To run what was skipped: make test. Set LIANJI_TEST_POSTGRES to a folder with initdb and postgres, LIANJI_TEST_MARIADB to one with mariadbd, to name the servers.'; \
	exit $$status

test: deps ## lint and all tests, with a throw-away PostgreSQL and MariaDB; under 15 minutes on 2 cores
	@$(GOTEST) -timeout=14m ./...

# All mutants take longer than the rest together: a fifth of them is tried each time,
# another one after the next commit.
test-long: deps compiler ## the longer proofs (LIANJI_LONG=1), the race detector, a fifth of the mutants
	@go run ./scripts/mutants -share=$$(($$(git rev-list --count HEAD) % 5))/5
	@$(if $(LONG),LIANJI_LONG=1 $(GOTEST) -timeout=30m $(LONG),echo 'no test has a long form')
	@$(GOTEST) -race -gcflags=all=-d=checkptr=0 -timeout=20m $(addsuffix /...,$(RACE))

soak: deps ## ten minutes of mixed load with clients that leave, grants and a source that come and go (SOAK=10m)
	@LIANJI_SOAK=$(SOAK) $(GOTEST) -timeout=0 -v ./internal/soak

SOAK ?= 10m
N ?= 20000
SEED ?= $(shell date +%s)
oracle: deps ## compare N statements made at random (N=20000, SEED=the time) with one DuckDB
	@LIANJI_ORACLE_STATEMENTS=$(N) LIANJI_ORACLE_SEED=$(SEED) $(GOTEST) -timeout=0 -run='^TestRandomStatements$$' -v ./internal/e2e

bench: build deps ## compare with DuckDB, Trino and others over TPC-H; the table goes to bench/README.md
	@go run $(TAGS) ./bench/peers -results bench/README.md $(PEERS)

microbench: compiler ## run the benchmarks of every package that has some
	@$(if $(BENCHMARKS),go test $(TAGS) -run='^$$' -bench=. -benchmem $(BENCHMARKS),echo 'no package has benchmarks')

lint: compiler ## gofmt, go vet, staticcheck, direction of imports, house rules
	@$(GOTEST) ./internal/lint

gen: compiler ## make generated files anew
	go generate $(TAGS) ./...

leak-mutants: deps ## switch off one guard of policy at a time: the leak suite must notice each
	@go run ./scripts/leakmutants

mutants: compiler ## break the program line by line: each break must turn its test red
	@go run ./scripts/mutants

deps:
	@scripts/install-test-deps.sh

compiler:
	@command -v gcc g++ >/dev/null || { echo 'DuckDB is linked from C++: apt-get install gcc g++' >&2; exit 1; }
