# The commands of this repository. Each installs what is missing (tools/packages.txt), builds, and
# does its work. `make` alone prints what there is.

CMAKE_PARALLEL ?= $(shell nproc 2>/dev/null || echo 2)
PORT ?= 5060
CROWD ?=
SEATS ?= 8
SEED ?=
STEPS ?=
SECONDS ?= 60
DEMO ?= on
export CMAKE_BUILD_PARALLEL_LEVEL := $(CMAKE_PARALLEL)

.PHONY: help setup build debug run test quick bench sim fuzz docs tidy shots g729 format clean

help:
	@echo "make run            start a demo centre          (DEMO=off: an empty one; SEATS=$(SEATS) or 120, PORT=$(PORT), HTTP=127.0.0.1:8080, CROWD=900 calls an hour)"
	@echo "make test           everything the project can prove, in under an hour"
	@echo "make quick          unit tests, fuzz corpus and tidy alone, in minutes"
	@echo "make bench          the figures, into build/bench.json and build/bench.txt"
	@echo "make sim SEED=7     hostile worlds for the routing core (STEPS= for length)"
	@echo "make fuzz           every fuzz target for SECONDS=$(SECONDS) each (TARGET= for one)"
	@echo "make docs           generate docs/ref/ from the sources"
	@echo "make shots          pictures of every page in both themes and languages, into build/shots"
	@echo "make tidy           the rules that a program can judge"
	@echo "make g729           build/g729.so, the codec as a plug-in of GPL-3, on request (docs/howto/codec-plugin.md)"
	@echo "make format         clang-format on what differs from HEAD"
	@echo "make clean          remove build/"

setup:
	@tools/setup

build: setup
	@tools/build release
	@ln -sfn release/sapa build/sapa
	@tools/web

debug: setup
	@tools/build debug

run: build
	@PORT="$(PORT)" CROWD="$(CROWD)" SEATS="$(SEATS)" tools/run "$(DEMO)"

test: setup
	@tools/test all

quick: setup
	@tools/test quick

bench: build
	@tools/bench

sim: build
	@SEED="$(SEED)" STEPS="$(STEPS)" tools/sim

fuzz: setup
	@SECONDS_EACH="$(SECONDS)" TARGET="$(TARGET)" tools/fuzz

docs: setup
	@tools/docs
	@tools/web api

shots: build
	@tools/shots

tidy: setup
	@tools/build release
	@tools/tidy build/release

g729: build
	@tools/g729

format: setup
	@tools/format

clean:
	rm -rf build web/node_modules
