#!/bin/bash
# Install Deskbridge on a Debian host, or bring it to the release that this script came with. Safe to repeat.
#
#     deploy/install.sh [--dry-run] [--wheel deskbridge-*.whl]
#
# Each release gets an environment of its own below /opt/deskbridge/releases; /opt/deskbridge/current points to the one
# in use, so going back is one link and a restart. Configuration that is there is never touched. With DESTDIR set,
# everything is laid out below it and neither users nor services are.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${DESTDIR:-}
dry=
wheel=
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry=yes ;;
        --wheel) wheel=${2:?--wheel wants a file}; shift ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done

fail() { echo "install.sh: $*" >&2; exit 1; }
changed=
# Say what is done, and do it unless this is a dry run.
act() {
    echo "+ $*"
    changed=yes
    [ -n "$dry" ] || "$@"
}
# Copy a file to a place when it is not there in just this form: place SOURCE TARGET MODE
place() {
    cmp -s "$1" "$root$2" || act install -D -m "$3" "$1" "$root$2"
}
folder() {
    [ -d "$root$1" ] || act install -d -m "$2" "$root$1"
}

[ -n "$root" ] || [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail "run me as root, or set DESTDIR"
python=${PYTHON:-$(command -v python3 || true)}
[ -n "$python" ] || fail "Python is missing: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or later is needed, $python is older"
"$python" -c 'import ensurepip' 2>/dev/null || fail "the venv module is missing: apt-get install python3-venv"
if [ -z "$wheel" ]; then
    wheel=$(printf '%s\n' "$here"/../dist/deskbridge-*.whl | sort -V | tail -n 1)
fi
[ -f "$wheel" ] || fail "no wheel at $wheel: run \`make wheel\`, or name one with --wheel"

# ---- who ----
if [ -z "$root" ] && ! getent passwd deskbridge >/dev/null; then
    act useradd --system --user-group --home-dir /var/lib/deskbridge --no-create-home --shell /usr/sbin/nologin deskbridge
fi

# ---- the release ----
name=$(basename "$wheel" | cut -d- -f2)-$(sha256sum "$wheel" | cut -c1-8)
release=/opt/deskbridge/releases/$name
build() {
    local constraints=()
    [ ! -f "$here/../requirements.lock" ] || constraints=(-c "$here/../requirements.lock")
    rm -rf "$root$release"
    "$python" -m venv "$root$release"
    "$root$release/bin/pip" install -q --disable-pip-version-check "${constraints[@]}" "$wheel[backup,s3]"
    touch "$root$release/.complete"
}
folder /opt/deskbridge/releases 755
[ -e "$root$release/.complete" ] || act build
if [ "$(readlink "$root/opt/deskbridge/current" || true)" != "releases/$name" ]; then
    act ln -sfn "releases/$name" "$root/opt/deskbridge/current.new"
    act mv -T "$root/opt/deskbridge/current.new" "$root/opt/deskbridge/current"
fi

# ---- configuration and unit ----
folder /etc/deskbridge 755
folder /etc/deskbridge/secrets 700
first=
[ -e "$root/etc/deskbridge/deskbridge.toml" ] || first=yes
place "$here/deskbridge.toml" /etc/deskbridge/deskbridge.toml.example 644
place "$here/deskbridge.service" /etc/systemd/system/deskbridge.service 644
place "$here/deskbridge@.service" /etc/systemd/system/deskbridge@.service 644
place "$here/deskbridge.socket" /etc/systemd/system/deskbridge.socket 644
for unit in deskbridge-backup.service deskbridge-backup.timer deskbridge-forgotten.service deskbridge-forgotten.timer; do
    place "$here/$unit" "/etc/systemd/system/$unit" 644
done
place "$here/deskbridge-as-service" /usr/local/bin/deskbridge 755
place "$here/runbook.md" /usr/local/share/doc/deskbridge/runbook.md 644
place "$here/alerts.yml" /usr/local/share/doc/deskbridge/alerts.yml 644
place "$here/grafana.json" /usr/local/share/doc/deskbridge/grafana.json 644

# ---- the service ----
if [ -z "$changed" ]; then
    echo "nothing to do: $name is installed"
elif [ -z "$root" ] && [ -d /run/systemd/system ]; then
    act systemctl daemon-reload
    act systemctl enable --quiet deskbridge.service
    # A configuration that is there may name another address: then its person enables the socket, once both agree.
    [ -z "$first" ] || act systemctl enable --quiet deskbridge.socket
    act systemctl try-restart deskbridge.service
    [ -z "$first" ] || echo "Next: deskbridge setup && systemctl start deskbridge.socket deskbridge"
fi
