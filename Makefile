# Aisle. `make` lists the targets.
SHELL   := /bin/bash
export CGO_ENABLED := 0
export GOTOOLCHAIN := local
PORT    ?= 8460
VAR     ?= ./var
DATA    ?=
FUZZTIME ?= 20s
KILLS   ?= 50
MODULES ?= 10000
SEEDS   ?= 3
SEED    ?= 0
DRAWS   ?= 100000
PLATFORMS := linux/amd64 linux/arm64 windows/amd64
GO_LD   := -trimpath -ldflags "-s -w"
tools    = go run -C .ci/tools

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## the whole loop in the foreground (PORT=8460 VAR=./var DATA=DIR)
	@./bin/aisle-store --port $(PORT) --var $(VAR) $(if $(DATA),--data $(DATA))

build: ## the binaries, into ./bin
	@mkdir -p bin
	go build $(GO_LD) -o bin/ ./agent/cmd/... ./central/cmd/... ./modules/cmd/... ./examples/store/cmd/...

test: ## every test; what was skipped is named
	@.ci/install
	@{ go test -json -timeout 20m ./...; go test -C modules/peers -json ./...; } | $(tools) ./testrun -known $(CURDIR)/.ci/skips.txt

race: ## every test under the race detector
	CGO_ENABLED=1 go test -race -timeout 30m ./...

crash: ## kill -9 under load, KILLS times in each test that kills; what was acknowledged is counted
	@set -o pipefail; AISLE_KILLS=$(KILLS) go test -v -p 1 -count=1 -timeout 60m -run Kill \
		$$(go list -f '{{.ImportPath}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}' ./... | awk '/ .*sync\/crashtest/ {print $$1}') | grep --line-buffered -v '^==='

fuzz: ## every fuzz target for FUZZTIME each
	@.ci/fuzz $(FUZZTIME)

farm: ## MODULES random modules from SEED on, each plain and metered in both engines
	@set -o pipefail; AISLE_MODULES=$(MODULES) AISLE_SEED=$(SEED) go test -v -count=1 -timeout 60m -run TestMeteredModulesAgree ./modules/meter | grep -v '^==='

bench: ## the figures, readable by benchstat
	@go test -run '^$$' -bench . -benchmem ./... | grep -v -e '^ok' -e 'no test files' -e '^PASS'

draws: ## DRAWS contended decisions through HTTP, the stream SEED: drawn as logged, values within three standard errors
	@AISLE_DRAWS=$(DRAWS) AISLE_SEED=$(SEED) go test -v -count=1 -timeout 60m -run TestDrawsThroughHTTP ./agent/localapi

worth: ## value by consent and broken promises, told over SEEDS generated worlds
	@set -o pipefail; AISLE_SEEDS=$(SEEDS) go test -v -count=1 -timeout 60m ./examples/internal/proof | grep -v '^==='

peers: ## side by side with native C, plain Go, other libraries and plugins, held against the goals
	@.ci/install
	@{ go test -C modules/peers -run '^$$' -bench . .; \
		go test -run '^$$' -bench '^(BenchmarkMeterOverhead|BenchmarkTemplate1000|BenchmarkSmallInstance|BenchmarkAdmit100KB)$$' \
			./modules/meter ./modules/sdk ./modules/host; } | go run -C modules/peers ./goals

mutants: ## each promise's broken line must turn its test red
	@$(tools) ./mutants -root $(CURDIR)

golden: ## one hash of every number on amd64 v1 and v3, without FMA, and on arm64
	@.ci/golden

lint: ## gofmt, vet on every platform, staticcheck, and that mutants have their line
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not gofmt-clean:"; echo "$$out"; exit 1; }
	@for p in $(PLATFORMS); do echo "vet $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} go vet ./... && GOOS=$${p%/*} GOARCH=$${p#*/} go vet -C modules/peers ./... || exit 1; done
	@$(tools) honnef.co/go/tools/cmd/staticcheck -version >/dev/null && cd .ci/tools && go build -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck && cd ../.. && ./bin/staticcheck ./... && cd modules/peers && ../../bin/staticcheck ./...
	@$(tools) ./mutants -root $(CURDIR) -dry

platforms: ## the binaries for every platform we promise
	@for p in $(PLATFORMS); do for b in agent central modules; do \
		echo "build $$p $$b"; GOOS=$${p%/*} GOARCH=$${p#*/} go build -o /dev/null ./$$b/cmd/... || exit 1; \
	done; done

check: lint platforms test golden mutants ## all of it; fails on a dirty tree
	@test -z "$$(git status --porcelain)" || { echo "the tree is dirty:"; git status --short; exit 1; }

.PHONY: help run build test race crash fuzz farm bench worth peers mutants golden lint platforms check
