"""The one file of a backup: it opens for its recipients alone, whole or not at all, and puts nothing elsewhere."""

from __future__ import annotations

import io
import os
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pyrage
import pytest

from bridge.app.backup.sealing import MANIFEST, Manifest, Unsealable, identities, recipients, sealed, unsealed
from bridge.app.backup.shelf import age_of_newest, superfluous

IDENTITY = pyrage.x25519.Identity.generate()
TO = recipients([str(IDENTITY.to_public())])


async def written(target: Path, **members: bytes) -> Path:
    with sealed(target, TO) as sealing:
        for name, body in members.items():
            await sealing.add_bytes(f"files/{name}", body)
        manifest = Manifest(release="1", schema="0001", made_at=1, heads={"main": 3}, members=dict(sealing.members))
        await sealing.add_bytes(MANIFEST, msgspec.json.encode(manifest))
    return target


def fresh(folder: Path) -> Path:
    place = folder / "unpacked"
    place.mkdir()
    return place


async def test_what_was_sealed_comes_out(tmp_path: Path) -> None:
    backup = await written(tmp_path / "b", one=b"1" * 3_000_000, two=b"")
    assert b"1" * 20 not in backup.read_bytes()
    assert backup.stat().st_mode & 0o077 == 0
    into = fresh(tmp_path)
    assert unsealed(backup, [IDENTITY], into).heads == {"main": 3}
    assert (into / "files/one").read_bytes() == b"1" * 3_000_000


@pytest.mark.parametrize("harm", ["cut", "changed", "another's"])
async def test_what_is_damaged_is_not_taken(tmp_path: Path, harm: str) -> None:
    backup = await written(tmp_path / "b", one=b"1" * 300_000)
    body = bytearray(backup.read_bytes())
    if harm == "cut":
        body = body[:-70_000]
    if harm == "changed":
        body[150_000] ^= 1
    backup.write_bytes(body)
    key = pyrage.x25519.Identity.generate() if harm == "another's" else IDENTITY
    with pytest.raises(Unsealable):
        unsealed(backup, [key], fresh(tmp_path))


@pytest.mark.parametrize(
    "name", ["../out", "/tmp/out", "files/../../out", "files/x/../../../out", "files", ".hidden/a"]
)
def test_nothing_is_put_elsewhere(tmp_path: Path, name: str) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    (tmp_path / "b").write_bytes(pyrage.encrypt(plain.getvalue(), TO))
    with pytest.raises(Unsealable, match="no backup of ours"):
        unsealed(tmp_path / "b", [IDENTITY], fresh(tmp_path))
    assert not list(tmp_path.rglob("out"))


async def test_a_member_that_the_manifest_does_not_know_is_noticed(tmp_path: Path) -> None:
    with sealed(tmp_path / "b", TO) as sealing:
        await sealing.add_bytes("files/one", b"1")
        manifest = Manifest(release="1", schema="0001", made_at=1, heads={}, members={})
        await sealing.add_bytes(MANIFEST, msgspec.json.encode(manifest))
    with pytest.raises(Unsealable, match="files/one first"):
        unsealed(tmp_path / "b", [IDENTITY], fresh(tmp_path))


async def broken_off(target: Path) -> None:
    with sealed(target, TO) as sealing:
        await sealing.add_bytes("files/one", b"1")
        raise OSError("gone")


async def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        await broken_off(tmp_path / "b")
    assert os.listdir(tmp_path) == []


def test_keys_are_looked_at(tmp_path: Path) -> None:
    for words in ([], ["age1nobody"], ["ssh-ed25519 nothing"]):
        with pytest.raises(Unsealable):
            recipients(words)
    (tmp_path / "key").write_text("# only words\n")
    with pytest.raises(Unsealable, match="no identity"):
        identities(tmp_path / "key")
    (tmp_path / "key").write_text(f"# made today\n{IDENTITY}\n")
    assert len(identities(tmp_path / "key")) == 1


def test_the_newest_of_days_and_weeks_are_kept() -> None:
    def name(day: str) -> str:
        return f"deskbridge-{day}Z.tar.age"

    days = ["20260101T020000", "20260102T020000", "20260105T020000", "20260105T140000", "20260106T020000"]
    names = [*map(name, days), "deskbridge-forgotten.age", "holiday.jpg"]
    assert superfluous(names, 2, 1) == [name(day) for day in days[:3]]
    assert superfluous(names, 1, 2) == [name(days[0]), name(days[2]), name(days[3])]
    now = datetime(2026, 1, 7, 2, tzinfo=UTC)
    assert age_of_newest(names, now) == "the newest backup was taken 24 hours ago"
    assert age_of_newest(names, now + timedelta(days=30)) == "the newest backup is 31 days old"
    assert age_of_newest(["holiday.jpg"], now) == "there is no backup yet"
    assert superfluous(names, 9, 9) == [name("20260105T020000")]
