#!/bin/bash
# Build dist/deskbridge_<version>_<architecture>.deb from the wheel and requirements.lock: `make deb`.
#
# The package brings an environment of its own below /usr/lib/deskbridge, for the Python of the Debian release that it is
# built on. Without a network, say where the wheels are: PIP_NO_INDEX=1 PIP_FIND_LINKS=<folder> make deb.
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
python=${DEB_PYTHON:-/usr/bin/python3}
pip=${PIP:-$top/.venv/bin/pip}
wheel=${1:?build.sh wants the wheel}
root=$top/build/deb
home=/usr/lib/deskbridge
site=$root$home
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || stat -c %Y "$wheel")}
export SOURCE_DATE_EPOCH

fail() { echo "build.sh: $*" >&2; exit 1; }
[ -f "$wheel" ] || fail "no wheel at $wheel: run \`make wheel\`"
[ -x "$python" ] || fail "no $python: apt-get install python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or later is needed, $python is older"
minor=$("$python" -c 'import sys; print("3.%d" % sys.version_info[1])')
next=$("$python" -c 'import sys; print("3.%d" % (sys.version_info[1] + 1))')
release=$(basename "$wheel" | cut -d- -f2)
version=${release/rc/~rc}-1
architecture=$(dpkg --print-architecture)
package=$top/dist/deskbridge_${version}_${architecture}.deb

# ---- the environment ----
rm -rf "$root"
mkdir -p "$root/DEBIAN"
"$python" -m venv --without-pip "$site"
fetch=("$pip" --python "$site/bin/python3" install -q --disable-pip-version-check --no-compile --only-binary :all:)
report=$top/build/deb-report.json
"${fetch[@]}" --dry-run --report "$report" --constraint "$top/requirements.lock" "$wheel"
meant=$(sed -n 's/^# For: //p' "$top/requirements.hashes")
here_is=$("$python" -c 'import sys, sysconfig; print("python%d.%d" % sys.version_info[:2], sysconfig.get_platform())')
if [ "$meant" = "$here_is" ]; then # no file but those whose digests were written down
    "$python" "$top/deploy/lock_hashes.py" "$report" --wanted "$top/requirements.hashes" >"$top/build/deb-wanted.txt"
    "${fetch[@]}" --no-deps --require-hashes -r "$top/build/deb-wanted.txt"
    "${fetch[@]}" --no-deps "$wheel"
else
    echo "digests are known for $meant, not for $here_is: the index is believed" >&2
    "${fetch[@]}" --constraint "$top/requirements.lock" "$wheel"
fi
find "$site/bin" -type f ! -name deskbridge -delete
rm -f "$site/lib64"
sed -i "1s|.*|#!$home/bin/python3|" "$site/bin/deskbridge"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = %s\n' "$minor" >"$site/pyvenv.cfg"
ln -sfn "/usr/bin/python$minor" "$site/bin/python3"
find "$site/bin" -type l ! -name python3 -delete
# What is for compilers and tests, or names the folder that this was built in.
find "$site" \( -name __pycache__ -o -name include \) -type d -prune -exec rm -rf {} +
find "$site" -name direct_url.json -delete
find "$site/lib" -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
find "$site/lib" -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.cc' -o -name '*.cpp' -o -name '*.h' \) -delete
find "$site/lib" -type f \( -name '*.so' -o -name '*.so.*' \) -exec strip --strip-unneeded {} + 2>/dev/null || true
find "$site/lib" -type f -name 'valkey-server' -exec strip {} +
find "$site/lib" -type f -name '*.py' -exec sed -i '1{/^#!/d}' {} +
find "$site/lib" -name .gitignore -delete
find "$site/lib" -type f ! -path '*/bin/*' -exec chmod a-x {} +
find "$site/lib" -type f -name valkey-server -exec chmod 755 {} +

# ---- the host's part ----
# As on hosts of the install script, with Debian's places.
placed() {
    install -D -m "$3" /dev/null "$root$2"
    sed -e "s|/opt/deskbridge/current/bin|$home/bin|g" -e 's|/usr/local/share/doc|/usr/share/doc|g' \
        -e 's|Installed by deploy/install.sh; change|Change|' "$1" >"$root$2"
}
deploy=$top/deploy
for unit in deskbridge.service deskbridge@.service deskbridge.socket; do
    placed "$deploy/$unit" "/lib/systemd/system/$unit" 644
done
placed "$deploy/deskbridge-as-service" /usr/bin/deskbridge 755
doc=/usr/share/doc/deskbridge
placed "$deploy/runbook.md" "$doc/runbook.md" 644
placed "$deploy/alerts.yml" "$doc/alerts.yml" 644
placed "$deploy/grafana.json" "$doc/grafana.json" 644
for example in deskbridge.toml nginx.conf Caddyfile; do
    placed "$deploy/$example" "$doc/examples/$example" 644
done
install -D -m 644 "$here/copyright" "$root$doc/copyright"
gzip -9n <"$top/CHANGELOG.md" >"$root$doc/changelog.gz"
printf 'deskbridge (%s) stable; urgency=medium\n\n  * Release %s: see changelog.gz.\n\n -- %s  %s\n' \
    "$version" "$release" "$(sed -n 's/^Maintainer: //p' "$here/control")" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" |
    gzip -9n >"$root$doc/changelog.Debian.gz"
install -D -m 644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/deskbridge"
install -D -m 644 /dev/null "$root/usr/share/man/man1/deskbridge.1.gz"
gzip -9n <"$here/deskbridge.1" >"$root/usr/share/man/man1/deskbridge.1.gz"
install -d -m 755 "$root/etc/deskbridge"
install -d -m 700 "$root/etc/deskbridge/secrets"

# ---- what dpkg reads ----
size=$(du -k -s --apparent-size "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
    -e "s/@MINOR@/$minor/" -e "s/@NEXT@/$next/" "$here/control" >"$root/DEBIAN/control"
install -m 644 "$here/templates" "$root/DEBIAN/templates"
for script in postinst prerm postrm; do
    install -m 755 "$here/$script" "$root/DEBIAN/$script"
done
(cd "$root" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$top/dist"
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
echo "$package"
