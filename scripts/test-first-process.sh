#!/usr/bin/env bash
# kpm-runtime as the first process of a container, as docs/container.md promises it: test-first-process.sh ROOT
# [NAME=value…]. ROOT holds the image that test-image.sh makes for it: Node, kpm, render-worker and, in /app,
# ecosystem.config.cjs and genome.json; the variables are the image's. Each container is namespaces of its own
# (processes, mounts, network) on ROOT, read-only but for a tmpfs on /tmp, and all in it runs as user 1000. Needs root.
set -euo pipefail
root=$(realpath "$1")
shift
cd "$(dirname "$0")/.."
variables=("$@")
folder=$(mktemp -d)
container=
clean_up() {
    stop_clients
    # What unshare holds ends with it.
    [ -z "$container" ] || { kill -KILL "$container" 2>/dev/null && wait "$container" 2>/dev/null; } || true
    rm -rf "$folder"
}
trap clean_up EXIT
fail() {
    echo "error: $*" >&2
    tail -n 40 "$folder/err" >&2 2>/dev/null || true
    exit 1
}

start() { # [NAME=value…] COMMAND…: the container's first process, in the background; its pid out here is $first
    scripts/contain.sh --net "$root" -C /app "${variables[@]}" "$@" >"$folder/out" 2>"$folder/err" &
    container=$!
    first=
    until_true 100 is_first_there || fail "the container does not start"
}
is_first_there() {
    first=$(cat /proc/$container/task/$container/children 2>/dev/null)
    first=${first%% *}
    [ -n "$first" ] && [ "$(cat /proc/"$first"/comm 2>/dev/null)" = kpm-runtime ]
}
until_true() { # TIMES COMMAND…: five times a second
    local times=$1
    shift
    for _ in $(seq "$times"); do
        if "$@"; then return 0; fi
        sleep 0.2
    done
    return 1
}
# A second shell in the container; a client of it has its network and its files, but ends on its own.
second() { nsenter --target "$first" --pid --mount --net --root --wd --setgid 1000 --setuid 1000 env -i "${variables[@]}" "$@"; }
client() { nsenter --target "$first" --mount --net --root --wd --setgid 1000 --setuid 1000 env -i "${variables[@]}" "$@"; }
ended() { # waits for the container's end; its exit code is $code
    code=0
    wait "$container" || code=$?
    container=
}
is_ready() { ! kill -0 "$first" 2>/dev/null || second kpm healthcheck render >/dev/null 2>&1; }  # or ended
said() { grep -q "$1" "$folder/out"; }
online() { [ "$(second kpm jlist | grep -o '"status":"online"' | wc -l)" = "$1" ]; }
render() { second render-client genome.json --url ws://127.0.0.1:3000 --duration 0.2 -o "/tmp/$1.wav" >"$folder/render" 2>&1; }

# Clients that render without a pause, each on a new connection, until one is refused; a line for each sound and failure.
# A connection that comes when no worker takes any more, and never becomes a WebSocket, is turned away and carries no
# request: whoever stops a container has sent new clients elsewhere before.
clients=()
load() { # NUMBER
    for i in $(seq "$1"); do
        client sh -c '
            while :; do
                if said=$(render-client genome.json --url ws://127.0.0.1:3000 --duration 0.2 -o /dev/null 2>&1); then
                    echo "$said"
                else
                    echo "failed: $said"
                    case $said in *refused*) exit 0 ;; esac
                fi
            done' >"$folder/client-$i" 2>&1 &
        clients+=($!)
    done
}
stop_clients() {
    [ ${#clients[@]} -eq 0 ] || kill "${clients[@]}" 2>/dev/null || true
    clients=()
}

# Read from the disk before a file's evaluation has ten seconds for it.
chroot "$root" node --version >/dev/null || fail "the image has no Node"

# --- two workers by an ecosystem file behind port 3000, a second shell, the end under load ---
start PM2_INSTANCES=2 PORT=3000 KPM_GRACE=25 kpm-runtime start ecosystem.config.cjs
until_true 300 is_ready && kill -0 "$first" || fail "the workers do not get ready"
online 2 || fail "PM2_INSTANCES=2 does not make two workers"
[ "$(second id -u)" = 1000 ] || fail "not user 1000"
! second touch /app/file 2>/dev/null || fail "the root can be written"
render first || fail "no sound: $(cat "$folder/render")"
echo "two workers on port 3000: $(cat "$folder/render")"

second kpm list | grep -q 'render.*online' || fail "kpm list"
second kpm describe render | grep -q 'render-worker' || fail "kpm describe"
second kpm reload render >"$folder/said" || fail "kpm reload: $(cat "$folder/said")"
second kpm scale render 3 >"$folder/said" || fail "kpm scale: $(cat "$folder/said")"
online 3 || fail "kpm scale does not make three workers"
second kpm restart render >"$folder/said" || fail "kpm restart: $(cat "$folder/said")"
# One of them: when no app runs any more the container ends.
second kpm stop 2 >"$folder/said" && online 2 || fail "kpm stop: $(cat "$folder/said")"
second kpm start 2 >"$folder/said" && online 3 || fail "kpm start: $(cat "$folder/said")"
render second || fail "no sound after reload, scale, restart, stop and start: $(cat "$folder/render")"
echo "second shell: list, describe, reload, scale, restart, stop, start"

load 4
until_true 300 sh -c "[ \$(cat '$folder'/client-* | wc -l) -ge 12 ]" || fail "the clients get no sounds"
before=$SECONDS
kill -TERM "$first"
ended
[ $code = 0 ] || fail "the exit code after SIGTERM under load is $code"
[ $((SECONDS - before)) -lt 25 ] || fail "the end took longer than the grace time"
for pid in "${clients[@]}"; do wait "$pid" || true; done
clients=()
lost=$(cat "$folder"/client-* | grep '^failed' | grep -v 'cannot reach\|cannot open a WebSocket' || true)
away=$(cat "$folder"/client-* | grep -c '^failed.*cannot open a WebSocket' || true)
[ -z "$lost" ] || fail "requests were lost: $lost"
echo "SIGTERM under load: $(cat "$folder"/client-* | grep -vc '^failed') sounds, 0 lost, $away turned away, code 0 after $((SECONDS - before)) s"

# --- the app's exit code, at once ---
fastest=
for _ in 1 2 3 4 5; do
    start kpm-runtime /bin/sh --name job --no-autorestart --interpreter none -- -c 'sleep 1; date +%s%N; exit 37'
    ended
    now=$(date +%s%N)
    [ $code = 37 ] || fail "the exit code is $code, not 37"
    late=$(((now - $(cat "$folder/out")) / 1000000))
    [ -n "$fastest" ] && [ "$fastest" -le "$late" ] || fastest=$late
done
[ "$fastest" -le 100 ] || fail "the exit code came $fastest ms after the app's end"
echo "exit code 37: $fastest ms after the app's end"

# --- zombies that lose their parent all at once: an app's are the keeper's to reap, a second shell's are PID 1's ---
many='for (1 .. 10000) { my $child = fork; die "fork: $!" unless defined $child; exit 0 unless $child } print "made\n"'
zombies() { second sh -c 'cat /proc/[0-9]*/stat 2>/dev/null' | grep -c ') Z ' || true; }
no_zombie() { [ "$(zombies)" = 0 ]; }
start kpm-runtime /bin/sh --name parent --interpreter none -- -c "perl -e '$many'; sleep 600"
until_true 600 said made || fail "the app could not make its children"
until_true 300 no_zombie || fail "of the app's 10000 orphans $(zombies) are not reaped"
[ "$(second perl -e "$many")" = made ] || fail "the second shell could not make its children"
until_true 300 no_zombie || fail "of the second shell's 10000 orphans $(zombies) are not reaped"
online 1 || fail "the app is not online"
kill -TERM "$first"
ended
[ $code = 0 ] || fail "the exit code after the orphans is $code"
echo "orphans: twice 10000 zombies reaped"
