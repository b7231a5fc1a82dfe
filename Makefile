# Needs make, cargo (not with USE_PREBUILT_LIBS=true), python3 with pip, and npm; everything else comes into
# .toolchain/. The work is done by scripts/ and build.zig: this file only names it.

bun = .toolchain/node/node_modules/.bin/bun

.DEFAULT_GOAL := help
.PHONY: help demo demo-flows demo-polyglot demo-console check deploy-check test docs fresh mutants hostile flows-kill soak leaks fuzz bench bench-flows bench-console build dist release-check generate
.PHONY: format typecheck packages toolchain clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: build ## Run the orders example against a dev server and show its history
	@$(bun) ts/examples/orders/demo.ts

demo-polyglot: build ## Run Workflows in TypeScript and in Python that call each other
	@scripts/toolchain.sh polyglot
	@$(bun) ts/examples/polyglot/demo.ts

demo-flows: build ## Run the flows example, kill its worker three times, and show the history
	@$(bun) ts/examples/flows/demo.ts

demo-console: build ## Run the console over a dev server, and write pictures of it to target/console
	@cd console && ../$(bun) demo/main.ts

flows-kill: build ## Kill workers and servers at random points of flows, 500 times (or SEEDS=20)
	@cd ts && FLOWS_KILL_SEEDS=$(or $(SEEDS),500) ../$(bun) test tests/flow/kill.test.ts tests/flow/http/kill.test.ts

check: packages ## Check formats, lints, types and unit tests: seconds, and nothing is compiled
	@$(bun) scripts/test.ts check

test: build ## Run every test, or those of SUITES="lint bun"
	@$(bun) scripts/test.ts $(SUITES)

docs: packages ## Make the site of the guides and the API reference in target/docs, and check its links
	@$(bun) scripts/docs.ts

fresh: ## Try demo and test in a clone of HEAD, as on a new machine with empty caches
	@scripts/fresh.sh

deploy-check: toolchain ## Check the dashboard, the alerts, the Helm chart and the compose file in deploy/
	@scripts/toolchain.sh deploy
	@PYTHONPATH=.toolchain/deploy python3 scripts/check-deploy.py

mutants: build ## Put defects in on purpose and see that tests fail, or one: ONLY=name
	@$(bun) scripts/mutants.ts $(ONLY)

hostile: build ## Try all that hostile Workflows do in every mode, and 5,000 of them beside 5,000 innocent ones
	@cd ts && HOSTILE_MIX=5000 HOSTILE_TABLES=whole ../$(bun) test tests/workflow/hostile

soak: build ## Kill Workers and the server while Workflows run: MINUTES=5, KILL_EVERY=3 seconds, SEED
	@$(bun) ts/endurance/soak.ts

leaks: build ## Look for memory, descriptors and threads that grow: ROUNDS=30, or ONLY=name
	@$(bun) ts/endurance/leaks.ts

fuzz: packages ## Read inputs that are almost right: SECONDS_EACH=30, SEED, or ONLY=name
	@$(bun) ts/endurance/fuzz.ts

bench: build ## Measure, beside the official SDK on Node and on Bun
	@$(bun) ts/bench/main.ts

bench-flows: build ## Measure flows beside the same Workflow by hand, and their state, events and limits
	@$(bun) ts/bench/flows/main.ts

bench-console: build ## Measure the console beside the UI of Temporal's dev server, in Chromium
	@cd console && ../$(bun) bench/main.ts

build: toolchain ## Compile Core (minutes the first time; not with USE_PREBUILT_LIBS=true) and the bridge
	@$(bun) scripts/build.ts

dist: toolchain ## Pack this machine's archive for a release, and link and try what was packed
	@release/verify "$$(release/pack)"

release-check: packages ## Do all that a release does but the upload, with what `make build` has built here
	@release/check

generate: toolchain ## Write again what is generated: C header, options, protobuf modules, THIRD_PARTY.md
	@$(bun) scripts/generate.ts

format: toolchain ## Lay out Rust, Zig and TypeScript as the tests want them
	@$(bun) scripts/format.ts

typecheck: packages ## Check the TypeScript
	@cd ts && ../$(bun) run typecheck
	@cd console && ../$(bun) run typecheck

packages: toolchain
	@cd ts && ../$(bun) install --frozen-lockfile --silent
	@cd console && ../$(bun) install --frozen-lockfile --silent

toolchain: ## Put the pinned tools into .toolchain/
	@scripts/toolchain.sh

clean: ## Remove what was built; .toolchain/ and .temporal-libs-cache/ stay
	rm -rf target zig-out .zig-cache ts/bench/results.json ts/bench/official/dist
