#!/usr/bin/env bash
# Makes the archives of a release on one Linux machine, tries what is in them, and writes what a page says of them.
#
#   scripts/release.sh                                all four, into target/release-VERSION
#   scripts/release.sh x86_64-unknown-linux-musl ...  some of them
#   MINISIGN_KEY=FILE scripts/release.sh              signs the checksums, too
#   CHECKS=no scripts/release.sh                      without cargo-deny and the oldest Rust
#
# It takes about 20 minutes on two cores, so CI does not run it. It installs what it needs: zig and cargo-zigbuild
# by pip, Rust's targets by rustup, and Debian's qemu-user-static and wine64, in which the programs are tried. The
# image is tried without Docker: by chroot, in a folder with nothing but the server, as another user.
# Programs for macOS can be linked here but not started: only their headers are checked.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
all=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl universal2-apple-darwin x86_64-pc-windows-gnu)
targets=("${@:-${all[@]}}")
host=$(uname -m)-unknown-linux-musl
programs=(chat-server chat-client chat-lab)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
out=$CARGO_TARGET_DIR/release-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { printf '\n== %s\n' "$*" >&2; }
fail() { echo "release: $1" >&2; exit 1; }
root=()
[ "$(id -u)" = 0 ] || root=(sudo)
need() { command -v "$1" >/dev/null || "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; }

# No path of this machine is in the programs. macOS 11 is the first on both processors.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="--remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$PWD=/roomful"
export TARGET_CFLAGS="-ffile-prefix-map=$cargo_home=/cargo"
export MACOSX_DEPLOYMENT_TARGET=11.0

built() { echo "$CARGO_TARGET_DIR/$1/dist"; }
build() {
    step "build $1"
    case $1 in
    universal2-apple-darwin) rustup --quiet target add aarch64-apple-darwin x86_64-apple-darwin ;;
    *) rustup --quiet target add "$1" ;;
    esac
    local began=$SECONDS flags=$RUSTFLAGS
    # Libraries that are named and not used would be asked for at the start.
    [ "${1%-apple-darwin}" = "$1" ] || flags="$flags -C link-arg=-Wl,-dead_strip_dylibs"
    RUSTFLAGS=$flags cargo zigbuild --locked --profile dist --bins --target "$1"
    echo "$1: built in $((SECONDS - began)) s" | tee -a "$out/TIMES" >&2
    ! grep -alF -e "$cargo_home/" -e "$PWD/" "$(built "$1")"/chat-{server,client,lab}{,.exe} 2>/dev/null ||
        fail "a path of this machine is in a program for $1"
}

# listening LOG PID: the address in the log of a server that starts
listening() {
    for _ in $(seq 300); do
        if grep -q '^listening on ' "$1"; then
            sed -n 's/^listening on \([0-9.:]*\).*/\1/p' "$1" | head -n 1
            return
        fi
        kill -0 "$2" 2>/dev/null || break
        sleep 0.1
    done
    cat "$1" >&2
    fail "the server does not start"
}

# say ADDRESS: comes in by hand, says something, finds it, and is told goodbye at the end
say() {
    exec 4<>"/dev/tcp/${1%:*}/${1##*:}"
    printf 'anna\nbread and butter\n/search butter\n' >&4
    timeout 20 grep -q -m 1 '^--- 1 found' <&4 || fail "no answer to a search"
}

# try_by RUNNER...: start, say, search, stop, with the programs of one target
try_by() {
    local suffix=$1 folder=$2 server addr
    shift 2
    mkfifo "$work/console"
    "$@" "$folder/chat-server$suffix" --listen 127.0.0.1:0 --no-qr --data "$work/try.db" <"$work/console" >"$work/log" 2>&1 &
    server=$!
    exec 3>"$work/console"
    addr=$(listening "$work/log" "$server")
    say "$addr"
    printf 'by the client\n' | timeout 60 "$@" "$folder/chat-client$suffix" --server "$addr" --nick boris >"$work/client" 2>&1 ||
        fail "the client: $(cat "$work/client")"
    timeout 60 "$@" "$folder/chat-lab$suffix" --version >/dev/null
    echo stop >&3
    timeout 20 grep -q 'The server is going down' <&4 || fail "no goodbye"
    exec 3>&- 4>&-
    wait "$server" || fail "the server ended with $?"
    python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version").fetchone())' \
        "$work/try.db" >"$work/database"
    rm -f "$work"/try.db* "$work/console"
}

# As the image has it: nothing but the program, another user, one folder to write to.
try_image() {
    if [ "$(id -u)" != 0 ]; then
        echo "release: the image is not tried, because chroot needs root" >&2
        return
    fi
    local image=$work/image server addr code=0
    mkdir -p "$image/data"
    chown 65532:65532 "$image/data"
    cp "$(built "$1")/chat-server" "$image/"
    inside() {
        exec env -i PATH="$PATH" CHAT_SERVER_LISTEN=127.0.0.1:0 CHAT_SERVER_DATA=/data/roomful.db \
            CHAT_SERVER_NO_CONSOLE=yes chroot --userspec=65532:65532 "$image" /chat-server "$@"
    }
    inside </dev/null >"$work/log" 2>&1 &
    server=$!
    addr=$(listening "$work/log" "$server")
    say "$addr"
    (inside ctl health) || fail "the image is not healthy"
    kill -TERM "$server"
    timeout 20 grep -q 'The server is going down' <&4 || fail "no goodbye at SIGTERM"
    exec 4>&-
    wait "$server" || fail "the image ended with $?"
    [ -s "$image/data/roomful.db" ] || fail "nothing is stored in /data"
    (inside ctl health) 2>/dev/null && fail "an image that has ended is healthy"
    rm -rf "$image/data"/*
    chown 0:0 "$image/data"
    (inside </dev/null >/dev/null 2>"$work/log") || code=$?
    [ "$code" = 73 ] || fail "a folder that cannot be written to gives $code, not 73: $(cat "$work/log")"
}

try_out() {
    step "try $1"
    case $1 in
    "$host")
        try_by '' "$(built "$1")" env
        try_image "$1"
        ;;
    *-linux-musl)
        need "qemu-${1%%-*}-static" qemu-user-static
        try_by '' "$(built "$1")" "qemu-${1%%-*}-static"
        ;;
    *-windows-gnu) try_windows "$1" ;;
    *) scripts/macho.py "${programs[@]/#/$(built "$1")/}" ;;
    esac
}

# wine 8 lacks one library that Rust's standard library needs; tests/wine has a stub of it.
try_windows() {
    local wine folder=$work/wine
    need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
    [ -x /usr/lib/wine/wine64 ] || command -v wine >/dev/null || need wine64 wine64
    wine=$([ -x /usr/lib/wine/wine64 ] && echo /usr/lib/wine/wine64 || command -v wine)
    mkdir "$folder"
    cp "$(built "$1")"/chat-{server,client,lab}.exe "$folder/"
    x86_64-w64-mingw32-gcc -shared -o "$folder/bcryptprimitives.dll" tests/wine/prng.c -ladvapi32
    WINEPREFIX=$CARGO_TARGET_DIR/wine WINEDEBUG=-all try_by .exe "$folder" "$wine"
}

pack() {
    step "pack $1"
    local name=roomful-$version-$1 folder=$work/roomful-$version-$1 program suffix=
    mkdir -p "$folder"
    [ "${1/windows/}" = "$1" ] || suffix=.exe
    for program in "${programs[@]}"; do cp "$(built "$1")/$program$suffix" "$folder/"; done
    cp -r README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE docs "$work/man" "$work/completions" "$folder/"
    cp "$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html" "$folder/THIRD-PARTY-RUST.html"
    scripts/third-party.py "${1/universal2/aarch64}" >"$folder/THIRD-PARTY"
    case $1 in
    *linux*)
        cp contrib/chat-server.service contrib/chat-server.socket contrib/Dockerfile "$folder/"
        ;;
    *windows*)
        for program in contrib/*.bat; do sed 's/$/\r/' "$program" >"$folder/${program##*/}"; done
        (cd "$work" && python3 -m zipfile -c "$out/$name.zip" "$name")
        return
        ;;
    esac
    tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" \
        -c "$name" | gzip -9n >"$out/$name.tar.gz"
}

# What the page of the release says.
notes() {
    local wire
    wire=$(sed -n 's/^pub const PROTOCOL: u32 = \(.*\);/\1/p' src/model.rs)
    echo "# Roomful $version"
    echo
    echo "The wire: protocol version $wire. The database: version $(cat "$work/database"). From source it needs Rust $oldest."
    echo "The programs for macOS were linked, and never started, on the machine that made them; those for Windows ran under wine."
    echo
    awk -v own="## [$version]" 'index($0, own) == 1 {found = 1; next} found && /^## / {exit} found' CHANGELOG.md
    echo "| file | bytes |"
    echo "|---|---|"
    (cd "$out" && for file in *.tar.gz *.zip; do [ ! -e "$file" ] || echo "| $file | $(stat -c %s "$file") |"; done)
}

step "tools"
mkdir -p "$out"
rm -f "$out"/*
python3 -c 'import ziglang' 2>/dev/null || python3 -m pip install --quiet --break-system-packages ziglang
command -v cargo-zigbuild >/dev/null || python3 -m pip install --quiet --break-system-packages cargo-zigbuild
if [ "${CHECKS:-yes}" = yes ]; then
    step "licences, bans and sources"
    command -v cargo-deny >/dev/null || env -u RUSTFLAGS cargo install --locked --quiet cargo-deny
    cargo deny check licenses bans sources
    step "the oldest Rust, $oldest"
    rustup toolchain install "$oldest" --profile minimal
    env -u RUSTFLAGS CARGO_TARGET_DIR="$CARGO_TARGET_DIR/oldest" cargo "+$oldest" check --locked --bins
fi

# The manual pages and the completions are printed by the programs of this machine.
build "$host"
for program in "${programs[@]}"; do
    "$(built "$host")/$program" man "$work/man"
    mkdir -p "$work/completions"
    for shell in bash zsh fish powershell; do
        "$(built "$host")/$program" completions "$shell" >"$work/completions/$program.$shell"
    done
done
for target in "${targets[@]}"; do
    [ "$target" = "$host" ] || build "$target"
    try_out "$target"
    pack "$target"
done
step "checksums and notes"
(cd "$out" && sha256sum roomful-* >SHA256SUMS)
if [ -n "${MINISIGN_KEY:-}" ]; then
    need minisign minisign
    minisign -S -s "$MINISIGN_KEY" -m "$out/SHA256SUMS"
fi
notes >"$out/NOTES.md"
ls -l "$out" >&2
