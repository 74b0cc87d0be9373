#!/bin/sh
# Run each fuzz target for SECONDS, from its seeds in corpus/NAME and what was
# found before, which is kept in BUILD/corpus/NAME.
#
# usage: tests/fuzz/run.sh SECONDS [NAME...]
#
# An input that breaks a promise lies in BUILD/NAME-crash-* (or -leak-, -oom-,
# -timeout-), and the status is 1 once all targets have run: mend the code and
# add the input to corpus/NAME.
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD:-build-fuzz}
case ${1:-} in
'' | *[!0-9]*)
	echo "usage: tests/fuzz/run.sh SECONDS [NAME...]" >&2
	exit 2
	;;
esac
seconds=$1
shift

if [ ! -e "$build/build.ninja" ]; then
	CC=${CC:-clang} meson setup "$build" -Dfuzz=true -Ddocs=false
fi
ninja -C "$build" fuzzers
if [ $# -eq 0 ]; then
	for target in "$build"/tests/fuzz/*_fuzz; do
		name=${target##*/}
		set -- "$@" "${name%_fuzz}"
	done
fi

failed=
for name in "$@"; do
	mkdir -p "$build/corpus/$name"
	echo "== $name, $seconds seconds"
	"$build/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" \
		-max_len=40000 -timeout=10 -print_final_stats=1 \
		-artifact_prefix="$build/$name-" \
		"$build/corpus/$name" "tests/fuzz/corpus/$name" ||
		failed="$failed $name"
done
if [ -n "$failed" ]; then
	echo "a promise was broken:$failed" >&2
	exit 1
fi
