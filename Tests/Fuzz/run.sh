#!/bin/bash
# Fuzzes every decoder: Tests/Fuzz/run.sh [SECONDS [TARGET...]]
#
# SECONDS is the time of each target (60); MUNIMENT_FUZZ_TOTAL, where it is set, is shared among the targets instead.
# MUNIMENT_FUZZ_JOBS targets run at a time (1). The corpus begins with the samples that the targets bring and the vectors of Format/,
# and stays in .build-fuzz/corpus, so that a later run goes on from there. A finding leaves its input in .build-fuzz/findings.
# Exit: 0 without a finding, 1 with one, 2 where the fuzzers can't be built or run.
set -u
cd "$(dirname "$0")/../.." || exit 2
scratch=.build-fuzz
seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))
export SWIFT_BACKTRACE=enable=no MUNIMENT_FUZZ=1

# Coverage and sanitizer go in on the command line: the manifest has no unsafe flags. C is checked, but only Swift guides the fuzzer.
swift build -c release --scratch-path $scratch -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address --product FuzzRunner \
    > $scratch-build.log 2>&1 || { mkdir -p $scratch; tail -30 $scratch-build.log; exit 2; }
mv $scratch-build.log $scratch/build.log
runner=$scratch/release/FuzzRunner
targets=$(MUNIMENT_FUZZ_SAMPLES=$scratch/corpus $runner) || { echo "run.sh: the samples can't be written" >&2; exit 2; }
[ $# -gt 0 ] && targets=$*
if [ -n "${MUNIMENT_FUZZ_TOTAL:-}" ]; then
    seconds=$((MUNIMENT_FUZZ_TOTAL * ${MUNIMENT_FUZZ_JOBS:-1} / $(echo "$targets" | wc -w)))
    [ "$seconds" -lt 1 ] && seconds=1
fi
rm -rf $scratch/logs
mkdir -p $scratch/logs $scratch/findings

fuzz() {
    mkdir -p "$scratch/corpus/$1"
    MUNIMENT_FUZZ_TARGET=$1 $runner -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 \
        -print_final_stats=1 -artifact_prefix="$scratch/findings/$1-" "$scratch/corpus/$1" > "$scratch/logs/$1" 2>&1
    echo $? > "$scratch/logs/$1.status"
}
export -f fuzz
export scratch seconds runner
echo "$targets" | tr ' ' '\n' | grep . | xargs -P "${MUNIMENT_FUZZ_JOBS:-1}" -I{} bash -c 'fuzz {}'

printf '%-20s %12s %10s %9s %8s  %s\n' target inputs inputs/s coverage corpus result
findings=0
for target in $targets; do
    log=$scratch/logs/$target
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
    coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    corpus=$(sed -n 's/.* corp: \([0-9]*\)\/.*/\1/p' "$log" | tail -1)
    result=clean
    if [ "$(cat "$log.status" 2> /dev/null)" != 0 ]; then
        findings=$((findings + 1))
        result="FINDING: $(grep -aoE 'Fatal error.*|ERROR: .*|SUMMARY: .*' "$log" | head -1 | cut -c1-120); input $(ls -t $scratch/findings/"$target"-* 2> /dev/null | head -1)"
    fi
    printf '%-20s %12s %10s %9s %8s  %s\n' "$target" "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" "${coverage:-}" "${corpus:-}" "$result"
done
echo "$findings findings in $(echo "$targets" | wc -w) targets of $seconds s each"
[ $findings -eq 0 ]
