#!/usr/bin/env bash
# Builds the fuzz targets of tests/fuzz and lets each run for a while. It needs nightly Rust, and no cargo-fuzz.
#
#   scripts/fuzz.sh                   every target for 30 seconds
#   scripts/fuzz.sh 600 line          one target for ten minutes
#   scripts/fuzz.sh 0                 builds them only
#
# An input that fails is written to the folder that is named, in the build folder; `PROGRAM FILE` runs it again.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(line stream text)

build=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# What cargo-fuzz sets: counters at every branch, which show the fuzzer what is new to it.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
# With --target the flags do not reach build scripts, which have nothing that takes the counters.
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
cargo +nightly build --release --manifest-path tests/fuzz/Cargo.toml --target-dir "$build" --target "$host" --bins
[ "$seconds" -gt 0 ] || exit 0

for target in "${targets[@]}"; do
    corpus=$build/corpus/$target
    mkdir -p "$corpus"
    echo "== $target, $seconds seconds; what fails is written to $corpus-failed-*"
    "$build/$host/release/$target" -max_total_time="$seconds" -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="$corpus-failed-" "$corpus"
done
