"""`deskbridge check` connects to what is configured, and says what is wrong with each of it; nothing secret is told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.email.site import Site
from tests.journeys.house import PROGRAM, free_port
from tests.peers.redis import RedisServer

SECRET = "kept-secret-9317"


def check(folder: Path, *words: str) -> tuple[int, str]:
    """Return the exit code and all that was said."""
    command = [*PROGRAM, "check", "--config", str(folder / "deskbridge.toml"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def written(folder: Path, redis: str, more: str = "") -> Path:
    """Write a configuration."""
    (folder / "data").mkdir(mode=0o700)
    path = folder / "deskbridge.toml"
    path.write_text(f'[deskbridge]\ndata = "{folder / "data"}"\n[redis]\nurl = "{redis}"\n{more}')
    path.chmod(0o640)
    return folder


def test_redis_and_sql_that_cannot_be_used_are_named_with_what_to_do(tmp_path: Path) -> None:
    nobody = f'[archive]\nurl = "postgresql://desk:{SECRET}@127.0.0.1:{free_port()}/desk"\n'
    with RedisServer(tcp=True, appendonly="no", maxmemory_policy="allkeys-lru", requirepass=SECRET) as server:
        code, told = check(written(tmp_path, f"redis://:{SECRET}@127.0.0.1:{server.port}", nobody))
        assert code == 1
        assert "set appendonly yes" in told
        assert "set maxmemory-policy noeviction" in told
        assert "archive.url: cannot be opened" in told
        assert check(tmp_path, "--offline")[0] == 0
    code, told = check(tmp_path)
    assert "redis.url: cannot reach Redis" in told


@pytest.mark.timeout(240)
def test_a_mailbox_is_signed_in_at_and_a_wrong_password_or_folder_is_named(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        folder = site.house.folder
        for path in (folder / "imap-password", folder / "deskbridge.toml"):
            path.chmod(0o600)
        os.chmod(folder / "data", 0o700)
        code, told = check(folder)
        assert code == 0, told
        config = folder / "deskbridge.toml"
        config.write_text(config.read_text() + 'folders = ["INBOX", "Nowhere"]\n')
        code, told = check(folder)
        assert (code, "Nowhere" in told) == (1, True), told
        (folder / "imap-password").write_text(SECRET)
        code, told = check(folder)
        assert (code, "mail: " in told) == (1, True), told
        assert "refuse" in told, told
