"""What every test may ask for."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from bridge.sql.people import accounts

pytest.register_assert_rewrite("bridge.testing")  # so that a case that fails tells what it compared
ROOT = Path(__file__).parent.parent
GROUP = re.compile(r"@[\w-]+$")
LONG_NAME = 40  # characters of a case that stand in its name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long forms of fault runs and simulations (make faults)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked `long` to the long forms."""
    if not config.getoption("--long"):
        left = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Keep what failed under the name by which it is found again: side by side, xdist adds the group to it."""
    yield
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        failed = cache.get("cache/lastfailed", {})
        cache.set("cache/lastfailed", {GROUP.sub("", name): failed[name] for name in failed})


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case of a long text by its beginning: a megabyte of a name is sent between processes and written again and again."""
    if isinstance(val, str | bytes) and len(val) > LONG_NAME:
        content = val.encode("utf-8", "surrogatepass") if isinstance(val, str) else val
        return f"{val[:LONG_NAME]!a}-{blake2b(content, digest_size=4).hexdigest()}"
    return None


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """Let passwords of tests' own processes be hashed in no time, hundreds of them; return what hashes them in a daemon."""
    real = accounts._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        patch.setattr(accounts, "_NOBODY", accounts._hash_of_nobody())
        yield real


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what git keeps, built once for all processes that the tests are spread over; whoever is second waits."""
    mine = tmp_path_factory.getbasetemp()
    shared = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "one-wheel"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return next(shared.glob("deskbridge-*.whl"), None) or built_wheel(shared)


def built_wheel(folder: Path) -> Path:
    """Build it in a clean copy and with nothing on PATH, so that Node must come from the build."""
    copy = clean_copy(folder / "source")
    (folder / "bin").mkdir(exist_ok=True)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(copy),
    ]
    env = {**os.environ, "PATH": str(folder / "bin")}
    done = subprocess.run(build, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("deskbridge-*.whl"))


def clean_copy(folder: Path) -> Path:
    """Copy what git keeps or would keep; the npm packages, pinned by the lock, are lent by the work tree."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / "ui" / "node_modules").is_dir():
        (folder / "ui" / "node_modules").symlink_to(ROOT / "ui" / "node_modules")
    return folder
