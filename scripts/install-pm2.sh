#!/usr/bin/env bash
# The real pm2, to hold kpm against in tests and benchmarks: install-pm2.sh DIR
set -euo pipefail
directory=$1
version=7.0.4
installed=$directory/node_modules/pm2/package.json
if [ -f "$installed" ] && grep -q "\"version\": \"$version\"" "$installed"; then exit 0; fi
mkdir -p "$directory"
cd "$directory"
echo '{"private": true}' >package.json
npm install --no-audit --no-fund --silent "pm2@$version"
test -x node_modules/.bin/pm2
