#!/usr/bin/env bash
# Checks Roomful for the machines that this one is not, as far as one Linux machine can.
#
#   scripts/machines.sh            all parts: wine arm mac
#   scripts/machines.sh wine       unit and integration tests as programs for Windows, and their console, under wine
#   scripts/machines.sh units      of these the unit tests only
#   scripts/machines.sh arm        Linux on aarch64, static: linked, and tried under qemu: talk, search, stop
#   scripts/machines.sh mac        macOS, both processors: linked, and their headers looked at; never started
#   scripts/machines.sh tools ...  installs what the parts need, and does no more
#   scripts/machines.sh build ...  builds what the parts need, and tries nothing
#
# CI runs `units` alone, built beside the other tests by idle processors (.ci/run), because all of `wine` would take
# it beyond 15 minutes. It installs what it needs: Rust's
# targets by rustup, mingw, wine and qemu by apt-get, zig and cargo-zigbuild by pip. A part whose tools cannot be had
# is skipped, with a line that begins with "notice:". What wine cannot prove is in docs/windows.md.
set -euo pipefail
cd "$(dirname "$0")/.."

# Its own folder, because cargo locks the folder that it builds in.
export CARGO_TARGET_DIR=${MACHINES_TARGET_DIR:-$PWD/target/machines}
# Nobody debugs these programs: half the time to link, and half the disk.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_INCREMENTAL=0
# The first macOS on both processors.
export MACOSX_DEPLOYMENT_TARGET=11.0
windows=x86_64-pc-windows-gnu arm=aarch64-unknown-linux-musl macs=(aarch64-apple-darwin x86_64-apple-darwin)
programs=(--bin chat-server --bin chat-client --bin chat-lab)
mkdir -p "$CARGO_TARGET_DIR"
ran=() skipped=()

step() { printf '\n== %s\n' "$*"; }
notice() {
    echo "notice: $1"
    skipped+=("$1")
}

# Installs Debian packages, if the program is not there.
need() {
    local program=$1 root=()
    shift
    if [ -x "$program" ] || command -v "$program" >/dev/null; then return; fi
    [ "$(id -u)" = 0 ] || root=(sudo -n)
    "${root[@]}" apt-get update -qq >/dev/null 2>&1 || return 1
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}
has_target() { rustup --quiet target add "$@" >/dev/null 2>&1; }
has_zig() {
    if cargo zigbuild --version >/dev/null 2>&1; then return; fi
    need pip3 python3-pip || return 1
    pip3 install -q --break-system-packages ziglang cargo-zigbuild >/dev/null 2>&1
}

# ready PART: whether its tools are there, or could be installed. Says once what is missing.
declare -A readiness
ready() {
    if [ -z "${readiness[$1]:-}" ]; then
        local missing=
        case $1 in
        wine | units)
            has_target "$windows" || missing="no Rust target $windows"
            need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64 || missing="no mingw"
            need /usr/lib/wine/wine64 wine64 || need wine wine || missing="no wine"
            ;;
        arm)
            has_target "$arm" || missing="no Rust target $arm"
            has_zig || missing="no cargo-zigbuild"
            need qemu-aarch64-static qemu-user-static || missing="no qemu"
            ;;
        mac)
            has_target "${macs[@]}" || missing="no Rust targets for macOS"
            has_zig || missing="no cargo-zigbuild"
            ;;
        esac
        readiness[$1]=${missing:-yes}
        [ -z "$missing" ] || notice "$1 is skipped: $missing"
    fi
    [ "${readiness[$1]}" = yes ]
}

build() {
    step "build for $1"
    local target
    case $1 in
    units) cargo test --locked --quiet --no-run --target "$windows" --lib ;;
    wine) cargo test --locked --quiet --no-run --target "$windows" --lib --test it --test school ;;
    arm) cargo zigbuild --locked --quiet --target "$arm" "${programs[@]}" ;;
    mac)
        for target in "${macs[@]}"; do
            # Libraries that are named and not used would be asked for at the start.
            RUSTFLAGS="-C link-arg=-Wl,-dead_strip_dylibs" \
                cargo zigbuild --locked --quiet --target "$target" "${programs[@]}" 2>&1 | grep -v -e xcrun -e SDK || true
        done
        ;;
    esac
}

# Tests that fail under wine and would not on Windows, or that Windows cannot pass; each with its reason.
differences=()
differs() { differences+=(--skip "$1"); }
# wine ends a connection in order where Windows resets it (SO_LINGER of 0).
differs leaving::a_peer_lost_in_the_middle_of_a_line_has_not_said_it
differs service::c4_a_handler_is_made_once_and_dropped_once_also_after_a_panic
# Hundreds of commits, or of connections, within 5 seconds: each takes many times as long under wine.
differs catching_up::a_person_who_catches_up_while_others_speak
differs files::ten_mebibytes_go_up_and_down_while_others_talk
differs http_refusals::two_hundred_slow_requests_disturb_nobody
differs stopping::newcomers_during_the_stop_are_not_left_hanging

# Sets $wine to a wine that is ready.
ready_wine() {
    wine=/usr/lib/wine/wine64
    [ -x "$wine" ] || wine=$(command -v wine)
    export WINEPREFIX=$CARGO_TARGET_DIR/wine WINEDEBUG=-all
    step "wine: $("$wine" --version)"
    [ -d "$WINEPREFIX" ] || "$wine" wineboot -i >/dev/null 2>&1
    local system=$WINEPREFIX/drive_c/windows/system32
    # Rust's standard library asks for random bytes in a library that wine has only in newer versions.
    [ -e "$system/bcryptprimitives.dll" ] ||
        x86_64-w64-mingw32-gcc -shared -O1 -o "$system/bcryptprimitives.dll" tests/wine/prng.c -ladvapi32
}

try_units() {
    ready_wine
    step "unit tests under wine"
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine \
        cargo test --locked --quiet --target "$windows" --lib -- "${differences[@]}"
    ran+=("wine: unit tests")
}

try_wine() {
    try_units
    step "integration tests under wine"
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine \
        cargo test --locked --quiet --target "$windows" --test it -- "${differences[@]}"
    step "the checker under wine"
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine \
        cargo test --locked --quiet --target "$windows" --test school -- portable
    ran+=("wine: integration tests, the checker")
    if need tmux tmux; then
        step "the console under wine"
        WINE=$wine tests/wine/terminal.sh "$CARGO_TARGET_DIR/$windows/debug"
        ran+=("wine: the console")
    else
        notice "the console under wine is skipped: no tmux"
    fi
}

try_arm() {
    local folder=$CARGO_TARGET_DIR/$arm/debug work server addr
    step "aarch64 under qemu"
    work=$(mktemp -d)
    mkfifo "$work/console"
    qemu-aarch64-static "$folder/chat-server" --listen 127.0.0.1:0 --data "$work/try.db" \
        <"$work/console" >"$work/log" 2>&1 &
    server=$!
    exec 3>"$work/console"
    timeout 60 grep -q -m 1 '^listening on ' <(tail -n +1 -f "$work/log") || { cat "$work/log"; return 1; }
    addr=$(sed -n 's/^listening on \([0-9.:]*\).*/\1/p' "$work/log" | head -n 1)
    printf 'bread and butter\n/search butter\n' |
        timeout 60 qemu-aarch64-static "$folder/chat-client" --server "$addr" --nick anna >"$work/client" 2>&1
    grep -q 'butter' "$work/client" || { cat "$work/client"; return 1; }
    echo stop >&3
    exec 3>&-
    wait "$server" || { cat "$work/log"; return 1; }
    rm -rf "$work"
    ran+=("aarch64: server, client, search, stop")
}

try_mac() {
    local target
    for target in "${macs[@]}"; do
        scripts/macho.py "$CARGO_TARGET_DIR/$target"/debug/chat-{server,client,lab}
    done
    ran+=("macOS: both processors linked")
}

mode=try
case ${1:-} in
tools | build) mode=$1 && shift ;;
esac
for part in "${@:-wine arm mac}"; do
    for one in $part; do
        case $one in
        wine | units | arm | mac) ;;
        *) echo "machines: there is no part $one: wine, units, arm, mac" >&2 && exit 64 ;;
        esac
        ready "$one" || continue
        [ "$mode" = tools ] || build "$one"
        [ "$mode" != try ] || "try_$one"
    done
done
step "run:     $(printf '%s; ' "${ran[@]:-nothing}")"
echo "   skipped: $(printf '%s; ' "${skipped[@]:-nothing}")"
