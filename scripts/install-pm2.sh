#!/usr/bin/env bash
# The real pm2, to hold kpm against in tests and benchmarks: install-pm2.sh DIR
set -euo pipefail
directory=$1
version=7.0.4
package=$directory/node_modules/pm2/package.json
program=$directory/node_modules/.bin/pm2
# npm links the program last: an installation that broke off has none.
if [ -x "$program" ] && grep -q "\"version\": \"$version\"" "$package"; then exit 0; fi
mkdir -p "$directory"
echo '{"private": true}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "pm2@$version"
test -x "$program"
