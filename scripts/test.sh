#!/usr/bin/env bash
# Checks everything: installs what the tests need, then format, lints, documentation, the page and all tests.
set -euo pipefail
cd "$(dirname "$0")/.."

# Installs these Debian packages, if the program is not there.
need() {
    local program=$1
    shift
    if command -v "$program" >/dev/null; then return; fi
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
# Rust needs a linker.
need cc gcc libc6-dev
# The smallest client on the page about the protocol is in Python, and is run.
need python3 python3
# The man pages are read by a program that finds faults in them.
need mandoc mandoc
# Two clients of IRC are tried on a terminal.
need irssi irssi
need weechat weechat-curses
# The page is tried in a browser, with letters of many scripts.
need chromium chromium fonts-noto-core
# Its modules without a screen are tried alone, and its types are checked.
need node nodejs
need npm npm
rustup component list --installed 2>/dev/null | grep -q '^clippy' || rustup component add clippy rustfmt

step() { printf '\n== %s\n' "$*"; "$@"; }
step cargo fmt --check
step npm ci --prefix tests/page --no-audit --no-fund
step npm --prefix tests/page run --silent types
step npm --prefix tests/page test --silent
step cargo test --no-run --lib --bins --examples --test it --test school --test page --quiet

# The tests mostly wait. What is idle meanwhile reads the code and its documentation: in a folder of its own,
# because two at once would wait for the lock of one.
mkdir -p target/lint
idle=(nice -n 19)
if chrt --idle 0 true 2>/dev/null; then idle=(chrt --idle 0 "${idle[@]}"); fi
lint() {
    export CARGO_TARGET_DIR=target/lint CARGO_PROFILE_DEV_DEBUG=0
    step cargo clippy --all-targets --quiet -- -D warnings && RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --quiet
}
export -f step lint
"${idle[@]}" setsid bash -c lint >target/lint.log 2>&1 &
lint=$!
trap 'kill -- -"$lint" 2>/dev/null || true' EXIT

# A test that fails does not hide what the other test programs would say.
failed=0
step cargo test --doc --quiet || failed=1
step cargo test --lib --bins --examples --no-fail-fast --quiet || failed=1
# These tests wait for most of their time, so more of them run at once than there are cores.
step cargo test --test it --quiet -- --test-threads 4 || failed=1
# The next ones measure how fast servers answer, so nothing else runs beside them.
wait "$lint" || failed=1
trap - EXIT
cat target/lint.log
step cargo test --test school --quiet || failed=1
step cargo test --test page --quiet || failed=1
exit "$failed"
