#!/usr/bin/env bash
# The line editor and the operator's console of the Windows programs, in wine's console, typed at through tmux.
#
#   WINEPREFIX=FOLDER tests/wine/terminal.sh FOLDER     with chat-server.exe and chat-client.exe in FOLDER
#   WINE=wine WINEPREFIX=... tests/wine/terminal.sh ... another wine than /usr/lib/wine/wine64
#
# It takes about 20 seconds, and ends with 1 at the first thing that does not hold.
#
# wine's console is not Windows': it gives escape codes to the terminal without obeying them itself, so a row that
# is nearly as wide as the window breaks too early (the windows here are wide); and it makes a signal of Ctrl-C also
# when the program wants it as a key. What only a real console shows is in docs/windows.md.
set -euo pipefail

programs=$(cd "${1:?which folder has chat-server.exe and chat-client.exe?}" && pwd)
wine=${WINE:-/usr/lib/wine/wine64}
: "${WINEPREFIX:?a folder where wine was set up with: wineboot -i}"
export WINEPREFIX WINEDEBUG=${WINEDEBUG:--all}

work=$(mktemp -d)
tmux() { command tmux -S "$work/tmux" -f /dev/null "$@"; }
end() {
    tmux kill-server 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

# start PANE PROGRAM ARGUMENT...: a program in a window of its own; its exit code is shown when it ends.
start() {
    local pane=$1 program=$2
    shift 2
    local line
    printf -v line '%q ' "$wine" "$programs/$program" "$@"
    tmux new-session -d -s "$pane" -x 120 -y 40 -c "$work" "export LANG=C.UTF-8; $line; echo \"ended \$?\"; cat"
}

# types PANE KEY...: keys, as tmux names them.
types() {
    local pane=$1
    shift
    tmux send-keys -t "$pane" "$@"
}

text() { tmux capture-pane -p -t "$1" -S -; }

fail() {
    echo "terminal.sh: $1" >&2
    for pane in server anna vera; do
        echo "--- $pane ---" >&2
        text "$pane" 2>/dev/null | grep -v '^$' >&2 || true
    done
    exit 1
}

# shows PANE REGEX: waits until a row of the window matches.
shows() {
    for _ in $(seq 300); do
        if text "$1" | grep -qE -- "$2"; then return; fi
        sleep 0.1
    done
    fail "the window of $1 does not show: $2"
}

# last PANE REGEX: waits until its last row matches, that of the prompt.
last() {
    for _ in $(seq 300); do
        if text "$1" | grep -v '^$' | tail -n 1 | grep -qE -- "$2"; then return; fi
        sleep 0.1
    done
    fail "the last row of $1 is not: $2"
}

start server chat-server.exe --listen 127.0.0.1:0 --data chat.db --no-qr --rate off
shows server ' ready, room #lobby'
port=$(text server | sed -nE 's/^ *listening on 127\.0\.0\.1:([0-9]+).*/\1/p' | head -n 1)

echo "half a typed line, in Cyrillic too, survives what others say"
start anna chat-client.exe --server "127.0.0.1:$port" --nick anna
shows anna 'You are anna'
types anna -l 'half привет'
last anna '#lobby anna> half привет$'
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf '/nick gleb\r\n' >&3
for number in $(seq 20); do printf 'line %s\r\n' "$number" >&3; done
shows anna 'gleb: line 20$'
last anna '#lobby anna> half привет$'
types anna Left Left Left Left Left Left X BSpace
types anna -l 'и '
types anna Enter
shows server 'anna: half и привет$'
last anna '#lobby anna>$'

echo "the arrow finds the line again, and Tab ends a word"
types anna Up
last anna '#lobby anna> half и привет$'
types anna C-u
types anna -l '/jo'
types anna Tab
types anna -l '#other'
last anna '#lobby anna> /join #other$'
types anna Enter
last anna '#other anna>$'

echo "a kick reaches a person who types, also after Tab and in the search of older lines"
types anna -l '/jo'
types anna Tab
types server -l 'kick anna enough'
types server Enter
shows anna '^ended 75'
start vera chat-client.exe --server "127.0.0.1:$port" --nick vera
shows vera 'You are vera'
types vera -l 'first'
types vera Enter
shows server 'vera: first$'
types vera -l 'fi'
types vera C-r
last vera '#lobby vera> first$'
types server -l 'kick vera enough'
types server Enter
shows vera '^ended 75'

echo "Ctrl-C ends the client in order"
tmux kill-session -t anna
start anna chat-client.exe --server "127.0.0.1:$port" --nick anna
shows anna 'You are anna'
types anna C-c
shows anna '^ended 0'
shows server 'anna +\(quit\)'

echo "a database is copied while it is used, and no second server takes it"
(cd "$work" && "$wine" "$programs/chat-server.exe" backup --data chat.db copy.db >copied 2>&1) || fail "no backup: $(cat "$work/copied")"
[ -s "$work/copy.db" ] || fail "the backup is empty"
if (cd "$work" && timeout 30 "$wine" "$programs/chat-server.exe" --listen 127.0.0.1:0 --data chat.db </dev/null >second 2>&1); then
    fail "a second server has taken the database"
fi
grep -q 'another server uses the database' "$work/second" || fail "a second server says: $(cat "$work/second")"

echo "half a command does not hold up Ctrl-C, which stops the server in order"
printf 'still here\r\n' >&3
shows server 'gleb: still here$'
types server -l 'sa'
last server '^> sa$'
types server C-c
shows server 'Bye\.$'
shows server '^ended 0'
for pane in server anna vera; do
    if text "$pane" | grep -q panicked; then fail "$pane has panicked"; fi
done
