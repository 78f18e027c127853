#!/usr/bin/env bash
# Programs from npm that talk to PM2's daemon, to run them unmodified against kpmd in tests: install-pm2-clients.sh DIR
set -euo pipefail
directory=$1
packages=(pm2-prometheus-exporter@0.1.1 pm2-logrotate@3.0.0 pm2-server-monit@3.0.0)
mark=$directory/installed
# npm may break off half way: the mark is made last.
if [ "$(cat "$mark" 2>/dev/null)" = "${packages[*]}" ]; then exit 0; fi
mkdir -p "$directory"
echo '{"private": true}' >"$directory/package.json"
# What an old pm2 below them may have besides comes from a place of its own, which need not be there: by default npm would
# ask for it for minutes.
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error --fetch-retry-mintimeout=500 \
    --fetch-retry-maxtimeout=2000 "${packages[@]}"
echo "${packages[*]}" >"$mark"
