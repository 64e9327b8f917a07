"""What signing on keeps, on every database: attempts that count once, identities, new accounts, factors, events."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from bridge.sign_on.identity import NotSignedOn, SignOnPledge, VouchedIdentity
from bridge.sign_on.joining import Joining, JoiningDesk
from bridge.sign_on.settings import GroupRole, JoiningRules
from bridge.sql.archive import Archive
from bridge.sql.people.account_events import EventsAsked
from bridge.sql.people.accounts import SignInLocked
from bridge.sql.people.calendar import Calendar
from bridge.sql.people.second_factors import SecondFactor
from routing.organisation import Librarian, Library, Queue, Team, Tier

NIA = VouchedIdentity(way="provider", issuer="https://login.example", subject="s1", names=("nia",), groups=("lead",))
RULES = JoiningRules(
    link=True, create=True, library="north", groups=(GroupRole(group="lead", role="administrator", teams=("north/a",)),)
)


def _factor(id: str) -> SecondFactor:
    return SecondFactor(id=id, kind="codes", name="", credential="", secret=b"x", counter=7, made_at=1, used_at=0)


async def _furnished(archive: Archive) -> Joining:
    library = Library(
        id="north",
        revision=0,
        name="North",
        queues=(Queue(id="north/q", name="Q", tiers=(Tier(teams=("north/a",)),)),),
        teams=(Team(id="north/a", name="A", members=("ana",)),),
        librarians=(Librarian(id="ana", name="Ana", role="administrator"),),
    )
    await archive.organisation().put(library, Calendar())

    async def tell(saved: Sequence[Library]) -> None:
        assert saved

    return Joining(archive, [JoiningDesk(archive.organisation(), tell)])


async def test_an_attempt_counts_once_and_for_its_own_kind(archive: Archive) -> None:
    pledge = SignOnPledge(nonce="n", verifier="v", browser="b", back="/mine")
    token = await archive.attempts.begin("provider", pledge)
    assert await archive.attempts.end("passkey", token, SignOnPledge) is None
    assert await archive.attempts.end("provider", token + "x", SignOnPledge) is None
    assert await archive.attempts.end("provider", token, SignOnPledge) == pledge
    assert await archive.attempts.end("provider", token, SignOnPledge) is None


async def test_somebody_new_is_made_once_also_where_it_broke_off_before(archive: Archive) -> None:
    joining = await _furnished(archive)
    assert await archive.identities.link(NIA.issuer, NIA.subject, "nia"), "as far as an attempt came"
    account = await joining.account(NIA, RULES)
    assert (account.librarian, account.library) == ("nia", "north")
    assert await joining.account(NIA, RULES) == account
    entry = (await archive.organisation().entries())[0].library
    assert [(one.id, one.role) for one in entry.librarians] == [("ana", "administrator"), ("nia", "administrator")]
    assert entry.teams[0].members == ("ana", "nia")
    other = msgspec.structs.replace(NIA, subject="s2")
    with pytest.raises(NotSignedOn, match="linked-otherwise"):
        await joining.account(other, RULES)
    await archive.accounts.disable("nia")
    with pytest.raises(NotSignedOn, match="closed"):
        await joining.account(NIA, RULES)
    events = await archive.account_events.found(EventsAsked(libraries=["north"]))
    assert [(one.librarian, one.what, one.detail) for one in reversed(events)] == [
        ("ana", "role", "none -> administrator"),
        ("nia", "role", "none -> administrator"),
        ("nia", "created", "provider"),
    ]


async def test_the_last_administrator_stays_one(archive: Archive) -> None:
    joining = await _furnished(archive)
    await archive.accounts.add("ana", "ana", "north")
    rules = JoiningRules(link=True, groups=(GroupRole(group="staff", role="librarian"),))
    ana = VouchedIdentity(way="proxy", issuer="proxy", subject="ana", names=("ana",), groups=("staff",))
    assert (await joining.account(ana, rules)).librarian == "ana"
    entry = (await archive.organisation().entries())[0].library
    assert entry.librarians[0].role == "administrator"
    with pytest.raises(NotSignedOn, match="not-in-group"):
        await joining.account(msgspec.structs.replace(ana, groups=None), rules)


async def test_factors_count_once_lock_and_are_reset(archive: Archive) -> None:
    await archive.accounts.add("ana", "ana", "north")
    kept, accounts = archive.second_factors, archive.accounts
    here, there = [(await accounts.open_session("ana"))[0] for _ in range(2)]
    session = await accounts.session(here)
    assert session is not None
    codes = await kept.add("ana", session.id, _factor("one"))
    assert len(codes) == 10
    assert await kept.add("ana", session.id, _factor("two")) == [], "those before count still"
    assert [one.id for one in await kept.of("ana")] == ["two"], "one app at a time"
    found = [await accounts.session(token) for token in (here, there)]
    assert [one.second for one in found if one is not None] == ["shown", "asked"]
    assert [await kept.used(_factor("two"), step) for step in (7, 8, 8, 9)] == [False, True, False, True]
    assert [await kept.use_recovery("ana", codes[0]) for _ in range(2)] == [True, False]
    for _ in range(5):
        await kept.check_lock("ana")
        await kept.failed("ana")
    with pytest.raises(SignInLocked):
        await kept.check_lock("ana")
    assert await kept.reset("ana")
    await kept.check_lock("ana")
    assert await accounts.session(here) is None
    assert (await kept.of("ana"), await kept.recovery_left("ana")) == ([], 0)
