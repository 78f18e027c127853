#!/usr/bin/env bash
# Packages from npm in a folder of their own, for tests: npm-packages.sh DIR PACKAGE@VERSION…
# Does nothing where exactly these were installed before.
set -euo pipefail
directory=$1
shift
mark=$directory/installed
# npm may break off half way: the mark is made last.
if [ "$(cat "$mark" 2>/dev/null)" = "$*" ]; then exit 0; fi
mkdir -p "$directory"
echo '{"private": true}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "$@"
echo "$*" >"$mark"
