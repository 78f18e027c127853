#!/usr/bin/env bash
# Programs from npm that talk to PM2's daemon, to run them unmodified against kpmd in tests: install-pm2-clients.sh DIR
set -euo pipefail
directory=$1
packages=(pm2-prometheus-exporter@0.1.1 pm2-logrotate@3.0.0 pm2-server-monit@3.0.0)
mark=$directory/installed
# npm may break off half way: the mark is made last.
if [ "$(cat "$mark" 2>/dev/null)" = "${packages[*]}" ]; then exit 0; fi
mkdir -p "$directory/no-gkt"
# What an old pm2 below them may have besides, from a place of its own: npm would ask for it for minutes.
echo '{"name": "gkt", "version": "1.0.0"}' >"$directory/no-gkt/package.json"
echo '{"private": true, "overrides": {"gkt": "file:./no-gkt"}}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "${packages[@]}"
echo "${packages[*]}" >"$mark"
