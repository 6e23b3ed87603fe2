#!/usr/bin/env bash
# Checks everything: installs what the tests need, then format, lints, documentation and all tests.
set -euo pipefail
cd "$(dirname "$0")/.."

# Rust needs a linker.
if ! command -v cc >/dev/null; then
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" apt-get install -y -qq --no-install-recommends gcc libc6-dev
fi
# The smallest client on the page about the protocol is in Python, and is run.
if ! command -v python3 >/dev/null; then
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" apt-get install -y -qq --no-install-recommends python3
fi
rustup component list --installed 2>/dev/null | grep -q '^clippy' || rustup component add clippy rustfmt

step() { printf '\n== %s\n' "$*"; "$@"; }
step cargo fmt --check
step cargo clippy --all-targets --quiet -- -D warnings
RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --quiet
step cargo test --all-targets --quiet
step cargo test --doc --quiet
