#!/usr/bin/env bash
# Bun and Deno, to test what kpm does with them: install-runtimes.sh DIR
set -euo pipefail
directory=$1
bun=1.4.5
deno=2.9.6
programs=$directory/node_modules/.bin
is_there() {
    [ "$("$programs/bun" --version 2>/dev/null)" = "$bun" ] &&
        [[ "$("$programs/deno" --version 2>/dev/null)" == "deno $deno "* ]]
}
if is_there; then exit 0; fi
mkdir -p "$directory"
echo '{"private": true}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "bun@$bun" "deno@$deno"
is_there
