# The front door. Meson builds; this sets up, and names what people ask for.
# Each target works on a fresh Debian 12: tools/setup installs what is missing.

BUILD = build
PREFIX = /usr/local
DESTDIR =

SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Ddocs=false
# A sanitizer's own system calls are not in any policy, so no live tests there.
SANITIZED = $(BUILD)-sanitize:-house,-live,-long,-runtimes
THREADS = -Db_sanitize=thread -Db_lundef=false -Ddocs=false

# Facts and samples that some tests compare with, where they lie beside us.
ifneq ($(wildcard ../shared/data),)
export CALLGATE_SHARED ?= $(abspath ../shared)
endif

all: $(BUILD)

# build, build-sanitize, ...: set up once, then built whenever asked.
$(BUILD): setup-build
	test -e $@/build.ninja || meson setup $@ --prefix=$(PREFIX)
	ninja -C $@

$(BUILD)-sanitize: setup-build
	test -e $@/build.ninja || meson setup $@ $(SANITIZE)
	ninja -C $@

$(BUILD)-threads: setup-build
	test -e $@/build.ninja || meson setup $@ $(THREADS)
	ninja -C $@

again-%:
	test ! -e $*/build.ninja || meson setup --reconfigure $*

setup-%:
	tools/setup $*

# What the tests need may have come after the build was set up: look again.
check: setup-build setup-check again-$(BUILD) again-$(BUILD)-sanitize \
		$(BUILD) $(BUILD)-sanitize
	tools/tally $(BUILD):-long,-runtimes $(SANITIZED)

check-sanitize: $(BUILD)-sanitize
	tools/tally $(SANITIZED)

# Real programs under strace; what is installed is tried.
check-profile: setup-profile $(BUILD)
	tests/profile/real_test.py $(BUILD)/src/cli/callgate
	tests/profile/arches_test.py $(BUILD)/src/cli/callgate $(BUILD)/arches
	tests/profile/foreign_test.py $(BUILD)/src/cli/callgate $(BUILD)/arches
	@echo "What is left out, and why: make profile-report"

# For people to read: what precision removes, counts of a sample, and some programs
# beside all data and all code.
profile-report: $(BUILD)
	tests/profile/report.py $(BUILD)/src/cli/callgate
	tests/profile/sample.py $(BUILD)/src/cli/callgate
	tests/profile/compare.py $(BUILD)/src/cli/callgate

# How long profiles of a sample of this machine's programs take: some minutes.
bench-profile: $(BUILD)
	tests/bench/profile_bench.py $(BUILD)/src/cli/callgate --sample

check-long: setup-build setup-check $(BUILD)
	tools/tally $(BUILD):long

# What is not this machine: other systems, other architectures, other languages.
check-systems: setup-systems $(BUILD)
	tools/check-systems $(BUILD)

check-arches: setup-arches $(BUILD)
	tools/check-arches $(BUILD)

# What real container runtimes and other tools do, where this machine has them.
check-runtimes: setup-build setup-runtimes again-$(BUILD) $(BUILD)
	tools/tally $(BUILD):runtimes

# Real programs and real containers, recorded beside strace.
check-record: setup-build setup-record again-$(BUILD) $(BUILD)
	tools/tally $(BUILD):record

# Violations by the hundred thousand, and in containers.
check-watch: setup-build setup-runtimes again-$(BUILD) $(BUILD)
	tools/tally $(BUILD):watch

# What has threads, under ThreadSanitizer; that wants addresses where it is used
# to them.
check-threads: setup-build setup-check again-$(BUILD)-threads $(BUILD)-threads
	setarch -R tools/tally $(BUILD)-threads:threads

# The page of callgate watch in a browser, where one can be had.
check-page: $(BUILD)
	tools/check-page $(BUILD)

# The official client and a real OpenSearch, where they can be fetched.
check-opensearch: setup-build setup-opensearch $(BUILD)
	tools/check-opensearch $(BUILD)

# The schemas of Kubernetes and compose files, where they can be fetched.
check-manifests: $(BUILD)
	tools/check-manifests $(BUILD)

# CALLGATE_FETCH: with a package each for Node and Java, if they can be had.
check-bindings: $(BUILD)
	CALLGATE_FETCH=yes tools/check-bindings $(BUILD)

tidy: setup-tidy $(BUILD)
	tools/tidy $(BUILD)

demo: setup-demo $(BUILD)
	tools/demo $(BUILD)

bench: setup-bench $(BUILD)
	tools/bench $(BUILD)

fuzz: setup-build setup-fuzz
	tests/fuzz/run.sh 60

install: $(BUILD)
	meson configure $(BUILD) --prefix=$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-*

.PHONY: all check check-page check-profile profile-report bench-profile check-sanitize check-long check-record check-watch check-runtimes tidy demo bench fuzz install clean
.PHONY: check-manifests check-opensearch check-systems check-arches check-bindings $(BUILD) $(BUILD)-sanitize
.PHONY: check-threads $(BUILD)-threads
.NOTPARALLEL:
