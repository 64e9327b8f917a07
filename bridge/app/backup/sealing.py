"""The one file of a backup: a tar within age's encryption, written and read as a stream.

age authenticates every 64 kB and the end, so a damaged or shortened file is noticed (age-encryption.org/v1). It does not say who
wrote it: whoever knows the recipients can write a file that opens. The last member of the tar is the manifest, with a digest of
each other member. Memory is bounded by a pipe's buffer.
"""

from __future__ import annotations

import asyncio
import os
import re
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import msgspec

FORM = 1
MANIFEST = "manifest.json"
MEMBER = re.compile(r"[a-z]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")  # begins with one of our folders, and never leaves it
CHUNK = 1 << 18


class Unsealable(Exception):
    """A backup cannot be encrypted, or not be opened. The text says why, without a key."""


class BackupMember(msgspec.Struct, frozen=True):
    """What a member holds."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is. `heads`: the last log entry of each consortium; `secrets`: where the configuration had read them."""

    form: int = FORM
    release: str
    schema: str
    made_at: int  # ms since the epoch
    heads: dict[str, int]
    secrets: dict[str, str] = {}
    members: dict[str, BackupMember] = {}


def recipients(words: Sequence[str]) -> list[Any]:
    """Return age's recipients: `age1…`, or an SSH key as it is in a `.pub` file. Raises Unsealable."""
    age = _age()
    if not words:
        raise Unsealable("nobody could open it: name a recipient (backup.recipients)")
    found = []
    for word in words:
        try:
            kind = age.ssh if word.startswith("ssh-") else age.x25519
            found.append(kind.Recipient.from_str(word.strip()))
        except age.RecipientError as error:
            raise Unsealable(f"{word[:16]}… is no recipient: {error}") from None
    return found


def identities(path: Path) -> list[Any]:
    """Return the keys in a file: age's identities, one a line, or an SSH private key. Raises Unsealable."""
    age = _age()
    try:
        text = path.read_bytes()
        if b"PRIVATE KEY-----" in text:
            return [age.ssh.Identity.from_buffer(text)]
        lines = [line.strip() for line in text.decode().splitlines() if line.strip() and not line.startswith("#")]
        found = [age.x25519.Identity.from_str(line) for line in lines]
    except OSError as error:
        raise Unsealable(f"{path} cannot be read: {error.strerror}") from None
    except (age.IdentityError, UnicodeDecodeError):
        raise Unsealable(f"{path} holds no identity of age") from None
    if not found:
        raise Unsealable(f"{path} holds no identity of age")
    return found


def _age() -> Any:
    try:
        import pyrage
    except ImportError:
        raise Unsealable("age's encryption is missing; install deskbridge[backup]") from None
    return pyrage


class Sealing:
    """A backup that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, BackupMember] = {}

    async def add(self, name: str, source: Path) -> None:
        """Add a file, which does not change meanwhile. Raises Unsealable."""
        self.members[name] = await asyncio.to_thread(self._add, name, source)

    async def add_bytes(self, name: str, body: bytes) -> None:
        """Add some bytes."""
        self.members[name] = await asyncio.to_thread(self._write, name, BytesIO(body), len(body))

    def _add(self, name: str, source: Path) -> BackupMember:
        with source.open("rb") as file:
            return self._write(name, file, os.fstat(file.fileno()).st_size)

    def _write(self, name: str, file: IO[bytes], size: int) -> BackupMember:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        read = _Counted(file)
        try:
            self._tar.addfile(info, read)
        except BrokenPipeError:
            raise Unsealable("the backup cannot be written") from None
        return BackupMember(size, read.digest.hexdigest())


class _Counted:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


@contextmanager
def sealed(target: Path, to: Sequence[Any]) -> Iterator[Sealing]:
    """Write an encrypted tar to `target`, durable at the end; nothing is left of it when something fails. Raises Unsealable."""
    reading, writing = os.pipe()

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as plain, os.fdopen(_new(target), "wb") as out:
            _age().encrypt_io(plain, out, to)
            out.flush()
            os.fsync(out.fileno())

    work = _Work(encrypt, reading)
    try:
        with os.fdopen(writing, "wb") as pipe, tarfile.open(fileobj=pipe, mode="w|", bufsize=CHUNK) as tar:
            yield Sealing(tar)
        work.ended()
    except BaseException as error:
        work.join()
        target.unlink(missing_ok=True)
        if isinstance(error, BrokenPipeError):
            work.ended()
        raise


def unsealed(source: Path, keys: Sequence[Any], into: Path) -> Manifest:
    """Unpack a backup into an empty folder and return its manifest, once all members are what it says. Raises Unsealable."""
    reading, writing = os.pipe()

    def decrypt() -> None:
        with os.fdopen(writing, "wb") as plain, source.open("rb") as file:
            _age().decrypt_io(file, plain, keys)

    work = _Work(decrypt, writing)
    found: dict[str, BackupMember] = {}
    broken = ""
    try:
        with os.fdopen(reading, "rb") as pipe, tarfile.open(fileobj=pipe, mode="r|", bufsize=CHUNK) as tar:
            for info in tar:
                found[info.name] = _unpacked(tar, info, into)
            while pipe.read(CHUNK):
                pass
    except (tarfile.TarError, EOFError):
        broken = "what is inside is not whole"
    finally:
        work.join()
    work.ended()
    if broken:
        raise Unsealable(broken)
    return _verified(found, into)


def _unpacked(tar: tarfile.TarFile, info: tarfile.TarInfo, into: Path) -> BackupMember:
    if not info.isreg() or not (info.name == MANIFEST or MEMBER.fullmatch(info.name)):
        raise Unsealable("it holds what no backup of ours holds")
    place = into / info.name
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source, digest, size = tar.extractfile(info), sha256(), 0
    assert source is not None
    with os.fdopen(_new(place), "wb") as out:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
    return BackupMember(size, digest.hexdigest())


def _verified(found: dict[str, BackupMember], into: Path) -> Manifest:
    if found.pop(MANIFEST, None) is None:
        raise Unsealable("it has no manifest: the backup was broken off")
    try:
        manifest = msgspec.json.decode((into / MANIFEST).read_bytes(), type=Manifest)
    except msgspec.DecodeError:
        raise Unsealable("its manifest cannot be read: a later release may have written it") from None
    if manifest.form != FORM:
        raise Unsealable(f"its form is {manifest.form}; this release reads {FORM}")
    if manifest.members != found:
        wrong = sorted(
            name for name in manifest.members.keys() | found if manifest.members.get(name) != found.get(name)
        )
        raise Unsealable(f"{len(wrong)} of its members are not what its manifest says, {wrong[0]} first")
    return manifest


class _Work:
    """A function in a thread of its own, at one end of a pipe, which is closed when it ends."""

    def __init__(self, function: Callable[[], None], end: int) -> None:
        self._error: BaseException | None = None
        self._function, self._end = function, end
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._function()
        except BaseException as error:
            self._error = error

    def join(self) -> None:
        self._thread.join()

    def ended(self) -> None:
        """Wait for the end. Raises Unsealable with the reason when it failed."""
        self._thread.join()
        if self._error is not None:
            raise Unsealable(str(self._error) or type(self._error).__name__) from None


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
