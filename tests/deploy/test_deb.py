"""The Debian package, installed with dpkg in a system of its own (debootstrap): only the long form, since it takes minutes.

systemd doesn't run there: the service is started by hand, by the command of its unit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.journeys.house import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.xdist_group("wheel")]

ANSWERS = """
library = "Main Library"
timezone = "Europe/London"
public_url = "https://desk.example.org"
listen = "127.0.0.1:{port}"
administrator = "ana"
channels = "webchat, telegram"
[telegram]
token = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""
SERVE = """
set -e
start=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/deskbridge.service)
install -d -o deskbridge /tmp/lent
install -m 400 -o deskbridge /etc/deskbridge/secrets/telegram_token /tmp/lent/secret_telegram_token
setpriv --reuid deskbridge --regid deskbridge --clear-groups env CREDENTIALS_DIRECTORY=/tmp/lent $start >/tmp/log 2>&1 &
pid=$!
for n in $(seq 90); do curl -sf $1/readyz >/dev/null && break; sleep 1; done
curl -sf $1/readyz
curl -sfL -o /dev/null $1/inbox
kill $pid
wait $pid
"""


@pytest.fixture(scope="module")
def package(wheel: Path) -> Path:
    """The package of the tests' own wheel."""
    built = subprocess.run(
        [str(ROOT / "deploy/debian/build.sh"), str(wheel)], capture_output=True, text=True, timeout=900, check=True
    )
    return Path(built.stdout.strip().splitlines()[-1])


class Host:
    """A small Debian below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, given: str = "") -> str:
        """Carry a command out inside; return what it printed."""
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        words = ["chroot", str(self.root), *command]
        done = subprocess.run(words, env=env, input=given, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def has(self, path: str) -> bool:
        """Say whether a path is there."""
        return (self.root / path.lstrip("/")).exists()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Host]:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("only root can make a system of its own, with debootstrap")
    root = tmp_path_factory.mktemp("debian")
    needed = "python3,adduser,debconf,init-system-helpers,ca-certificates,curl,libstdc++6"
    making = ["debootstrap", "--variant=minbase", f"--include={needed}", "bookworm", str(root)]
    subprocess.run(making, capture_output=True, timeout=900, check=True)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    shutil.copy(package, root / "deskbridge.deb")
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    try:
        yield Host(root)
    finally:
        subprocess.run(["umount", str(root / "proc")], check=True)
        shutil.rmtree(root)


def test_lintian_finds_no_fault(package: Path) -> None:
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed")
    told = subprocess.run(["lintian", str(package)], capture_output=True, text=True, timeout=600, check=False)
    assert told.returncode == 0, told.stdout
    assert [line for line in told.stdout.splitlines() if line.startswith(("E:", "W:"))] == []


def test_installed_set_up_served_removed_and_purged(host: Host) -> None:
    assert "deskbridge setup" in host.run("dpkg", "-i", "/deskbridge.deb")
    port = free_port()
    told = host.run("deskbridge", "setup", "--answers", "-", given=ANSWERS.format(port=port))
    assert "ana signs in once with " in told
    secret = host.root / "etc/deskbridge/secrets/telegram_token"
    assert (secret.stat().st_uid, secret.stat().st_mode & 0o777) == (0, 0o600)
    assert '"core main","ready":true' in host.run("bash", "-c", SERVE, "bash", f"http://127.0.0.1:{port}")

    host.run("dpkg", "-i", "/deskbridge.deb")  # an upgrade keeps all
    assert "signs in once" not in host.run("deskbridge", "setup")
    host.run("dpkg", "-r", "deskbridge")
    assert not host.has("/usr/lib/deskbridge")
    assert host.has("/etc/deskbridge/deskbridge.toml")
    assert "Kept: " in host.run("dpkg", "-P", "deskbridge")
    assert host.has("/var/lib/deskbridge/archive.sqlite")

    host.run("dpkg", "-i", "/deskbridge.deb")
    host.run("debconf-set-selections", given="deskbridge deskbridge/purge-data boolean true\n")
    host.run("dpkg", "-P", "deskbridge")
    assert not host.has("/var/lib/deskbridge")
    assert not host.has("/etc/deskbridge")
