#!/usr/bin/env bash
# Measures Roomful side by side with two IRC servers, ngircd and InspIRCd, and two brokers, Redis and
# nats-server, and writes the tables of docs/performance.md.
#
#   scripts/bench.sh                  everything, about 26 minutes
#   scripts/bench.sh --quick          small rooms, short cells, one run, tables to stdout
#   scripts/bench.sh --only fanout    some scenarios: fanout, deaf, churn, idle, with commas
#   scripts/bench.sh --only store     Roomful with a database beside Roomful without, and a database with
#                                     a million messages; writes the section "With a database"; about 3 minutes,
#                                     no peers
#   scripts/bench.sh --only tls       Roomful encrypted beside Roomful in the clear: fan-out, handshakes (as joins
#                                     and churn), memory of idle clients; to stdout, about 5 minutes, no peers
#   scripts/bench.sh --only irc       Roomful spoken to as IRC beside its line front, ngircd and InspIRCd, plain and with
#                                     the tags of server-time, message-tags and account-tag (ngircd has none of them):
#                                     fan-out and idle clients; to stdout, about 8 minutes
#   scripts/bench.sh --beside BINARY  this checkout's server beside another, such as the one before a change:
#                                     all scenarios and the cells of store, with a ratio for each, and what
#                                     is worse by more than 5 %; to stdout, about 21 minutes, no peers
#   scripts/bench.sh --no-build       with the binaries that are there
#   REPEATS=9 CELL_SECONDS=3 scripts/bench.sh
#                                     other than 5 and 2 (of the store 3 and 1); with cells of 0.8 seconds
#                                     a whole run takes 17 minutes, and --beside 13
#
# Not here, since it judges and does not compare: ten minutes of two people beside hostile clients,
#   target/release/chat-lab soak
#
# A profiler finds the lines of the code only if they are built in:
#   CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_STRIP=none scripts/bench.sh --only fanout
#
# Every scenario gets fresh servers; within it each cell is run on each server before the next
# cell, and all that REPEATS times, so that what changes on the machine meanwhile changes for all.
# Only processes this script has started are stopped, by their ids.
set -euo pipefail
called_in=$PWD
cd "$(dirname "$0")/.."

bin=${CARGO_TARGET_DIR:-target}/release
scenarios=
before=
repeats=${REPEATS:-5}
options=(--seconds "${CELL_SECONDS:-2}")
page=docs/performance.md
build=yes
quick=no
while [ $# -gt 0 ]; do
    case $1 in
    --quick)
        repeats=${REPEATS:-1}
        options=(--seconds 0.5 --least 5000 --clients 1000 --cycles 500)
        page=
        quick=yes
        ;;
    --only)
        scenarios=${2:?--only takes scenarios}
        shift
        ;;
    --beside)
        before=$(cd "$called_in" && realpath -e "${2:?--beside takes a server program}")
        shift
        ;;
    --no-build) build=no ;;
    *)
        sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
        exit 2
        ;;
    esac
    shift
done

# A page is written from a whole run, or from one of the store.
case $scenarios$before in
'' | store) ;;
*) page= ;;
esac
if [ "$scenarios" = store ] && [ "$quick" = no ] && [ -z "$before" ]; then
    repeats=${REPEATS:-3}
    options=(--seconds "${CELL_SECONDS:-1}")
fi
[ -n "$scenarios" ] || scenarios=fanout,deaf,churn,idle${before:+,store}

# Debian starts what it installs, unless a policy forbids it; the peers must never run as services.
install_peers() {
    local missing=() sudo=() policy=/usr/sbin/policy-rc.d own_policy=no done=0
    for peer in $peers; do
        [ -x "/usr/sbin/$peer" ] || [ -x "/usr/bin/$peer" ] || missing+=("$peer")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
        "${sudo[@]}" chmod 755 "$policy"
        own_policy=yes
    fi
    { "${sudo[@]}" apt-get update -q && "${sudo[@]}" apt-get install -yq "${missing[@]}"; } >&2 || done=$?
    [ "$own_policy" = no ] || "${sudo[@]}" rm -f "$policy"
    [ "$done" = 0 ] || exit "$done"
    if command -v systemctl >/dev/null; then
        "${sudo[@]}" systemctl disable "${missing[@]}" >&2 || true
    fi
}

peers="ngircd inspircd redis-server nats-server"
[ "$scenarios" != irc ] || peers="ngircd inspircd"
case $scenarios in
store | tls) ;;
*) [ -n "$before" ] || install_peers ;;
esac
[ "$build" = no ] || cargo build --release --bins
ulimit -n "$(ulimit -Hn)"

work=$(mktemp -d)
rows=$work/rows.json
disk=
chmod 755 "$work" # ngircd reads its settings as another user
pids=()
stop_servers() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        # One peer takes minutes over 10,000 clients.
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
}
trap 'stop_servers; rm -rf "$work" ${disk:+"$disk"}' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "bench: $1" >&2
    [ -z "${2:-}" ] || tail -n 20 "$2" >&2
    exit 1
}

free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((port + 1))
    done
    echo "$port"
}

# await PID LOG COMMAND...: until the command succeeds, at most 10 s, while the process lives.
await() {
    local pid=$1 log=$2
    shift 2
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || fail "a server ended at once" "$log"
        if "$@" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    fail "a server does not come up" "$log"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

# start_roomful PROGRAM NAME DIALECT [OPTION...]: stores nothing, unless told where
start_roomful() {
    local program=$1 name=$2 dialect=$3 log="$work/$2.log" addr
    shift 3
    [ $# -gt 0 ] || set -- --memory
    rm -f "$log" # or the address of the last one would be read
    "$program" --listen 127.0.0.1:0 --rate off --no-console --sessions 12000 "$@" \
        </dev/null >"$log" 2>&1 &
    pids+=($!)
    await $! "$log" grep -q '^listening on ' "$log"
    addr=$(sed -n 's/^listening on //p' "$log" | head -n 1)
    targets+=(--target "$name=$dialect@$addr/$!")
}

# No limit on connections, joins or speed, no look-ups; it has no setting for TCP_NODELAY.
# start_ngircd [DIALECT]
start_ngircd() {
    local dialect=${1:-irc} port log="$work/ngircd.log"
    port=$(free_port 26667)
    cat >"$work/ngircd.conf" <<END
[Global]
Name = irc.lab
Info = lab
AdminInfo1 = lab
Listen = 127.0.0.1
Ports = $port
ServerUID = irc
ServerGID = irc
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 30
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
END
    /usr/sbin/ngircd -n -f "$work/ngircd.conf" </dev/null >"$log" 2>&1 &
    pids+=($!)
    await $! "$log" listens "$port"
    targets+=(--target "ngircd=$dialect@127.0.0.1:$port/$!")
}

# No fake lag, no command rate, no clone limits, no look-ups; hardsendq, which is what it holds for
# one who does not read, is at its default. It has no setting for TCP_NODELAY either.
# start_inspircd [DIALECT]: the modules of the tags only if they are asked for
start_inspircd() {
    local dialect=${1:-irc} modules="" port log="$work/inspircd.log" root=()
    port=$(free_port 27667)
    if [ "$dialect" != irc ]; then
        modules=$(printf '<module name="%s">\n' cap ircv3 ircv3_servertime ircv3_msgid ircv3_ctctags ircv3_accounttag)
    fi
    cat >"$work/inspircd.conf" <<END
$modules
<server name="irc.lab" description="lab" network="lab">
<admin name="lab" nick="lab" email="lab@irc.lab">
<bind address="127.0.0.1" port="$port" type="clients">
<connect name="lab" allow="*" timeout="60" pingfreq="10m" threshold="1000000" commandrate="1000000000"
    fakelag="no" recvq="1M" softsendq="1M" hardsendq="1M" limit="20000" localmax="20000"
    globalmax="20000" maxconnwarn="no" useident="no" resolvehostnames="no" maxchans="100">
<performance quietbursts="yes" softlimit="20000" somaxconn="4096" netbuffersize="65534" clonesonconnect="no">
<limits maxnick="31">
<log method="file" type="*" level="sparse" target="$work/inspircd.out">
END
    [ "$(id -u)" != 0 ] || root=(--runasroot)
    /usr/sbin/inspircd --nofork --nopid "${root[@]}" --config="$work/inspircd.conf" </dev/null >"$log" 2>&1 &
    pids+=($!)
    await $! "$log" listens "$port"
    targets+=(--target "inspircd=$dialect@127.0.0.1:$port/$!")
}

# No snapshots. The limit for a subscriber who does not read (32 MiB) is lifted as the flood limits of
# the others are, but in deaf, which is about it. It sets TCP_NODELAY.
start_redis() {
    local port log="$work/redis.log" limit=(--client-output-buffer-limit "pubsub 0 0 0")
    [ "$1" != deaf ] || limit=()
    port=$(free_port 28667)
    redis-server --bind 127.0.0.1 --port "$port" --save "" --appendonly no --maxclients 20000 --dir "$work" \
        "${limit[@]}" </dev/null >"$log" 2>&1 &
    pids+=($!)
    await $! "$log" listens "$port"
    targets+=(--target "redis=redis@127.0.0.1:$port/$!")
}

# All limits are the defaults: nothing here meets them but deaf (64 MiB). It sets TCP_NODELAY.
start_nats() {
    local port log="$work/nats.log"
    port=$(free_port 29667)
    printf 'listen: "127.0.0.1:%s"\nping_interval: "10m"\n' "$port" >"$work/nats.conf"
    /usr/sbin/nats-server --config "$work/nats.conf" </dev/null >"$log" 2>&1 &
    pids+=($!)
    await $! "$log" listens "$port"
    targets+=(--target "nats=nats@127.0.0.1:$port/$!")
}

# load SCENARIO TIMES [OPTION...]: on all servers that were started, which are stopped then.
# Trouble is part of the result: it stands under the table.
load() {
    local scenario=$1 times=$2
    shift 2
    "$bin/chat-lab" load "${targets[@]}" --scenario "$scenario" --repeats "$times" "$@" "${options[@]}" \
        --json "$rows" --no-table || true
    stop_servers
    targets=()
}

# A process of Roomful for each dialect, so that none's memory counts for another.
start_servers() {
    if [ -n "$before" ]; then
        start_roomful "$bin/chat-server" line line
        start_roomful "$before" "line before" line
        start_roomful "$bin/chat-server" json json
        start_roomful "$before" "json before" json
    else
        start_roomful "$bin/chat-server" "roomful line" line
        start_roomful "$bin/chat-server" "roomful json" json
        start_roomful "$bin/chat-server" "roomful websocket" websocket
        start_ngircd
        start_inspircd
        start_redis "$1"
        start_nats
    fi
}

# Memory is seen truly only in a fresh process, so idle has new servers for each of its runs.
run() {
    local scenario=$1 times=$repeats rounds=1 members=10,100,1000
    [ "$quick" = no ] || members=10,100
    if [ "$scenario" = idle ]; then
        times=1
        rounds=$((repeats < 3 ? repeats : 3))
    fi
    for _ in $(seq "$rounds"); do
        start_servers "$scenario"
        load "$scenario" "$times" --members "$members"
    done
}

# A database in memory would say nothing of a disk: the folder is beside the binaries, never in /tmp.
store_cells() {
    disk=$(mktemp -d "$bin/bench.XXXXXX")
    start_roomful "$bin/chat-server" "with database" json --data "$disk/load.db"
    if [ -n "$before" ]; then
        start_roomful "$before" "with database before" json --data "$disk/before.db"
    else
        start_roomful "$bin/chat-server" without json
    fi
    load store,steady,files "$repeats" --members 10,100
}

store() {
    local messages=1000000
    [ "$quick" = no ] || messages=100000
    store_cells
    for _ in $(seq "$repeats"); do
        rm -f "$disk"/*.db*
        "$bin/chat-lab" archive --server "$bin/chat-server" --data "$disk/archive.db" --json "$rows" \
            --messages "$messages"
    done
    kind=$(df --output=fstype "$disk" | tail -n 1)
    report --facts "$(machine), database on $kind; $(runs)." --section store
}

# One program, one protocol, with TLS and without.
tls() {
    local scenario rounds
    [ "$quick" = yes ] || options+=(--clients 1000)
    for scenario in fanout churn idle; do
        rounds=1
        [ "$scenario" != idle ] || rounds=$((repeats < 3 ? repeats : 3))
        for _ in $(seq "$rounds"); do
            start_roomful "$bin/chat-server" plain json
            start_roomful "$bin/chat-server" encrypted tls+json --memory --tls allow --data "$work/tls.db"
            load "$scenario" "$([ "$scenario" = idle ] && echo 1 || echo "$repeats")" --members 10,100
        done
    done
    page=
    report --facts "$(machine); $(runs)."
}

# One protocol, three servers. The line front is there to tell what the protocol costs.
irc() {
    local scenario dialect rounds members=10,100,1000
    [ "$quick" = no ] || members=10,100
    for scenario in fanout idle; do
        rounds=1
        [ "$scenario" != idle ] || rounds=$((repeats < 3 ? repeats : 3))
        for _ in $(seq "$rounds"); do
            for dialect in irc irc+tags; do
                start_roomful "$bin/chat-server" "roomful line" line
                start_roomful "$bin/chat-server" "roomful irc" "$dialect"
                start_ngircd "$dialect"
                start_inspircd "$dialect"
                rows=$work/$dialect.json
                load "$scenario" "$([ "$scenario" = idle ] && echo 1 || echo "$repeats")" --members "$members"
            done
        done
    done
    page=
    for dialect in irc irc+tags; do
        rows=$work/$dialect.json
        printf '\n%s\n\n' "$dialect"
        report --facts "$(machine), ngircd $(version ngircd), InspIRCd $(version inspircd); $(runs), idle of at most 3."
    done
}

report() {
    "$bin/chat-lab" report "$rows" "$@" ${page:+--page "$page"}
    [ -z "$page" ] || echo "wrote $page" >&2
}

version() { dpkg-query -W -f '${Version}' "$1"; }
machine() {
    local memory
    memory=$(awk '/^MemTotal:/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)
    echo "Measured on $(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $memory GiB," \
        "Linux $(uname -r | cut -d- -f1), $(rustc --version | cut -d' ' -f1,2)"
}
runs() { echo "median of $repeats runs (smallest..largest)"; }
facts() {
    echo "$(machine), ngircd $(version ngircd), InspIRCd $(version inspircd), Redis $(version redis-server)," \
        "nats-server $(version nats-server); $(runs), idle of at most 3."
}

targets=()
if [ "$scenarios" = store ] && [ -z "$before" ]; then
    store
    exit
fi
if [ "$scenarios" = tls ]; then
    tls
    exit
fi
if [ "$scenarios" = irc ]; then
    irc
    exit
fi
for scenario in ${scenarios//,/ }; do
    case $scenario in
    store) store_cells ;;
    *) run "$scenario" ;;
    esac
done
if [ -n "$before" ]; then
    report --beside --facts "$(machine); $(runs), idle of at most 3."
else
    report --facts "$(facts)"
fi
