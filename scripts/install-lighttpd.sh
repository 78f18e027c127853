#!/usr/bin/env bash
# lighttpd, to test what it does with kpm's sockets: install-lighttpd.sh DIR. It is DIR/usr/sbin/lighttpd, its modules
# are in DIR/usr/lib/lighttpd. Unpacked, not installed: Debian's package starts a server on port 80.
set -euo pipefail
directory=$1
if [ -x "$directory/usr/sbin/lighttpd" ]; then exit 0; fi
mkdir -p "$directory"
cd "$directory"
apt-get -o APT::Sandbox::User=root download -qq lighttpd
rm -rf parts
dpkg -x lighttpd_*.deb parts
# It may break off half way: what is asked for above comes last.
mv parts/usr .
