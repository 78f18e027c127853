#!/usr/bin/env bash
# Installs the npm package as a user would, without a network, uses it, removes it: test-npm.sh FILE.tgz
set -euo pipefail
file=$(realpath "$1")
folder=$(mktemp -d)
prefix=$folder/prefix
export HOME=$folder KPM_HOME=$folder/home npm_config_cache=$folder/cache npm_config_update_notifier=false
export PATH=$prefix/bin:$PATH
unset PM2_HOME
clean_up() {
    kpm kill >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap clean_up EXIT
fail() { echo "error: $*" >&2; exit 1; }
# One that nobody listens on, below those that the kernel gives to clients.
free_port() {
    local port=$((10000 + RANDOM % 20000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((10000 + RANDOM % 20000)); done
    echo "$port"
}

mkdir -p "$prefix" && cd "$folder"
npm install --global --offline --no-audit --no-fund --prefix "$prefix" "$file" >/dev/null
[ "$(command -v kpm)" = "$prefix/bin/kpm" ] || fail "PATH has another kpm"
[ "$(head -c 4 "$prefix/bin/kpm" | tail -c 3)" = ELF ] || fail "kpm is not the program itself"
[ -s "$prefix/lib/node_modules/kpm/share/doc/kpm/config.md" ] || fail "the package has no docs"
for name in kpm-dev kpm-runtime; do
    [ "$(kpm --version)" = "$("$name" --version)" ] || fail "kpm and $name differ"
done
printf '#!/bin/sh\necho began\nwhile :; do sleep 1; done\n' >app.sh
chmod +x app.sh
kpm start app.sh --name web >/dev/null
kpm list | grep -q 'web.*online' || { kpm list; fail "the app is not online"; }
kpm logs web --nostream --raw | grep -q began || fail "its log is empty"
mkdir site && echo hello >site/index.html
kpm serve site "$(free_port)" >/dev/null || fail "kpm serve"
pid=$(kpm pid web)
# A new version of the package, under the app that runs.
npm install --global --offline --no-audit --no-fund --prefix "$prefix" --force "$file" >/dev/null 2>&1
kpm update >/dev/null
[ "$(kpm pid web)" = "$pid" ] || fail "the app did not outlive the update"
kpm kill >/dev/null
! kill -0 "$pid" 2>/dev/null || fail "the app outlived kill"
code=0
said=$(kpm-runtime --no-autorestart --interpreter none /bin/sh -- -c 'echo said; exit 3' 2>/dev/null) || code=$?
[ "$code $said" = "3 said" ] || fail "kpm-runtime: $code $said"
npm uninstall --global --offline --prefix "$prefix" kpm >/dev/null
left=$(find "$prefix" -name '*kpm*')
[ -z "$left" ] || fail "left behind: $left"
echo "npm: installed, used, updated under an app, removed: $(basename "$file"), $(du -k "$file" | cut -f1) KB"
