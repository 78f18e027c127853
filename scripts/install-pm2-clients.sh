#!/usr/bin/env bash
# Programs from npm that talk to PM2's daemon, to run them unmodified against kpmd in tests: install-pm2-clients.sh DIR
set -euo pipefail
# What an old pm2 below them may have besides comes from a place of its own, which need not be there: by default npm would
# ask for it for minutes.
export npm_config_fetch_retry_mintimeout=500 npm_config_fetch_retry_maxtimeout=2000
exec "$(dirname "$0")/npm-packages.sh" "$1" pm2-prometheus-exporter@0.1.1 pm2-logrotate@3.0.0 pm2-server-monit@3.0.0
