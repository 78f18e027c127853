# The part of test-deb.sh that runs inside the Debian of the test, as its root.
set -euo pipefail
fail() { echo "error: $*" >&2; exit 1; }
as_ann() { setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/ann bash -c "cd; $1"; }
useradd --uid 1000 --create-home ann
wants=/etc/systemd/system/multi-user.target.wants
mkdir -p $wants
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libcurl4 libsqlite3-0 >/dev/null
find / -xdev -not -path '/tmp/*' -not -path '/proc/*' | sort >/tmp/before

dpkg --install /tmp/kpm_*.deb /tmp/kpm-render_*.deb >/dev/null
verified=$(dpkg --verify kpm kpm-render | grep -v ' /usr/share/\(doc\|man\|locale\)' || true)
[ -z "$verified" ] || fail "dpkg --verify: $verified"
for file in /usr/share/man/man1/kpm.1.gz /usr/share/bash-completion/completions/kpm \
    /usr/share/zsh/vendor-completions/_kpm /usr/share/fish/vendor_completions.d/kpm.fish \
    /usr/share/doc/kpm/copyright /usr/share/doc/kpm/config.md /usr/lib/systemd/system/kpm@.service; do
    dpkg --listfiles kpm | grep -qx "$file" || fail "the package has no $file"
done
# Every program that the unit names is there.
for program in $(grep -o '/usr/\(bin\|libexec\)/[^ ]*kpm[^ ]*' /usr/lib/systemd/system/kpm@.service); do
    [ -x "$program" ] || fail "the unit names $program, which is not there"
done
(. /usr/share/bash-completion/completions/kpm && complete -p kpm >/dev/null) || fail "bash has no completion"
[ "$(kpm --version)" = "$(dpkg-query -W -f '${Version}' kpm)" ] || fail "another version"
render-worker --version >/dev/null

as_ann 'printf "#!/bin/sh\nwhile :; do sleep 1; done\n" >app.sh && kpm start app.sh --name web >/dev/null'
as_ann 'kpm list' | grep -q 'web.*online' || fail "the app is not online"
pid=$(as_ann 'kpm pid web')
dpkg --install /tmp/kpm_*.deb >/dev/null
as_ann 'kpm update >/dev/null'
[ "$(as_ann 'kpm pid web')" = "$pid" ] || fail "the app did not outlive the update of the package"
as_ann 'kpm stop web >/dev/null'
as_ann 'kpm jlist' | grep -q '"status":"stopped"' || fail "the app is not stopped"
as_ann 'kpm save >/dev/null && kpm kill >/dev/null'
! grep -l kpm /proc/[0-9]*/comm 2>/dev/null || fail "a daemon is left"

dpkg --remove kpm kpm-render >/dev/null 2>&1
! command -v kpm >/dev/null || fail "kpm is still there"
ln -s /usr/lib/systemd/system/kpm@.service $wants/kpm@ann.service  # what systemctl enable makes
dpkg --purge kpm kpm-render >/dev/null 2>&1
[ -e /home/ann/.kpm/dump.pm2 ] || fail "a purge took the user's saved apps"
left=$(find / -xdev -not -path '/tmp/*' -not -path '/proc/*' -not -path '/var/*' -not -path '/home/ann/*' | sort |
    comm -13 /tmp/before -)
[ -z "$left" ] || fail "left behind: $left"
