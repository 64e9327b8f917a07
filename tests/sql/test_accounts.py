"""Signing in: right and wrong secrets, one-time codes, lock-out, sessions, passwords."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import update

from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.people import accounts
from bridge.sql.people.accounts import Accounts, SignInLocked, SignInRefused, WeakPassword, now_ms

GOOD = "correct horse battery"


async def _with_password(archive: Archive, login: str = "ana") -> Accounts:
    accounts = archive.accounts
    await accounts.sign_in(login, await accounts.add(login, login, "north"))
    await accounts.change_password(login, GOOD, old=None)
    return accounts


async def test_a_one_time_code_opens_once_and_asks_for_a_password(archive: Archive) -> None:
    code = await archive.accounts.add("ana", "Ana", "north")
    account = await archive.accounts.sign_in(" ANA ", code)
    assert account.must_change
    assert account.librarian == "ana"
    with pytest.raises(SignInRefused):
        await archive.accounts.sign_in("ana", code)


async def test_an_expired_code_opens_nothing(archive: Archive) -> None:
    code = await archive.accounts.add("ana", "ana", "north")
    async with archive.engine.begin() as sql:
        await sql.execute(update(tables.account).values(code_until=now_ms() - 1))
    with pytest.raises(SignInRefused):
        await archive.accounts.sign_in("ana", code)


async def test_a_password_opens_and_a_wrong_one_does_not(archive: Archive) -> None:
    accounts = await _with_password(archive)
    assert not (await accounts.sign_in("ana", GOOD)).must_change
    with pytest.raises(SignInRefused):
        await accounts.sign_in("ana", GOOD + "!")
    with pytest.raises(SignInRefused):
        await accounts.sign_in("nobody", GOOD)


def test_passwords_are_hashed_as_the_rfc_says(real_hasher: PasswordHasher) -> None:
    """RFC 9106, 4: 64 MiB, three passes, four lanes, where 2 GiB cannot be had."""
    assert real_hasher.memory_cost >= 65_536
    assert real_hasher.time_cost >= 3
    assert real_hasher.parallelism >= 4


def test_a_name_without_an_account_takes_as_long_to_refuse() -> None:
    """What its password is compared with is read as a hash of the parameters in use, and is none of any password."""
    assert not accounts._hasher.check_needs_rehash(accounts._NOBODY)
    with pytest.raises(VerifyMismatchError):
        accounts._hasher.verify(accounts._NOBODY, GOOD)


async def test_five_wrong_secrets_lock_even_the_right_one_out(archive: Archive) -> None:
    accounts = await _with_password(archive)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await accounts.sign_in("ana", "wrong")
    with pytest.raises(SignInLocked) as locked:
        await accounts.sign_in("ana", GOOD)
    assert 0 < locked.value.retry_after <= 60
    async with archive.engine.begin() as sql:
        await sql.execute(update(tables.account).values(locked_until=now_ms() - 1))
    assert (await accounts.sign_in("ana", GOOD)).login == "ana"


async def test_a_session_lives_until_it_is_closed(archive: Archive) -> None:
    accounts = await _with_password(archive)
    token, csrf = await accounts.open_session("ana")
    session = await accounts.session(token)
    assert session is not None
    assert (session.librarian, session.csrf) == ("ana", csrf)
    assert await accounts.session(token + "x") is None
    await accounts.close_session(token)
    assert await accounts.session(token) is None


async def test_a_new_password_ends_every_session(archive: Archive) -> None:
    accounts = await _with_password(archive)
    token, _ = await accounts.open_session("ana")
    await accounts.change_password("ana", GOOD + " staple", old=GOOD)
    assert await accounts.session(token) is None


@pytest.mark.parametrize("weak", ["short", "ana       "])
async def test_weak_passwords_are_refused(archive: Archive, weak: str) -> None:
    accounts = await _with_password(archive)
    with pytest.raises(WeakPassword):
        await accounts.change_password("ana", weak, old=GOOD)


async def test_a_password_is_not_changed_without_the_old_one(archive: Archive) -> None:
    accounts = await _with_password(archive)
    for old in (None, "wrong"):
        with pytest.raises(SignInRefused):
            await accounts.change_password("ana", "another long one", old=old)


async def test_a_disabled_account_neither_opens_nor_stays_open(archive: Archive) -> None:
    accounts = await _with_password(archive)
    token, _ = await accounts.open_session("ana")
    await accounts.disable("ana")
    assert await accounts.session(token) is None
    with pytest.raises(SignInRefused):
        await accounts.sign_in("ana", GOOD)


async def test_no_secret_lies_in_the_database(archive: Archive) -> None:
    accounts = await _with_password(archive)
    code = await accounts.reset("ana")
    token, _ = await accounts.open_session("ana")
    async with archive.engine.connect() as sql:
        for table in (tables.account, tables.session):
            held = str((await sql.execute(table.select())).all())
            assert not any(secret in held for secret in (GOOD, code, token))


async def test_a_name_is_given_once(archive: Archive) -> None:
    await archive.accounts.add("ana", "ana", "north")
    with pytest.raises(ValueError, match="already"):
        await archive.accounts.add("ana2", "ANA", "north")
    with pytest.raises(LookupError):
        await archive.accounts.reset("bo")
