"""Bounces, complaints and absence notices of real programs (pytest -s prints the figures)."""

from __future__ import annotations

from typing import Any

from adapters.email.codec import parse
from adapters.email.mail import Mail
from tests.adapters.email.corpora import raw
from tests.corpora import allowed, rows

WANTED = {"bounce": ("bounce",), "delivered": ("bounce", "auto"), "feedback": ("complaint",), "vacation": ("auto",)}
ANY_MACHINE = ("bounce", "auto", "complaint")


def sisimai() -> list[tuple[dict[str, Any], Mail]]:
    return [(row, parse(raw(row))) for row in rows("sisimai")]


def test_machine_mail_opens_no_conversation() -> None:
    machines = [(row["id"], mail.kind) for row, mail in sisimai()]
    people = [name for name, kind in machines if kind in ("person", "list")]
    print(f"\nmachine mail taken for a person's: {len(people)} of {len(machines)} {people}")
    assert len(people) <= allowed(len(machines), 0.03)


def test_bounces_of_list_servers_open_no_conversation() -> None:
    bounces = [(row["id"], parse(raw(row)).kind) for row in rows("flufl_bounce") if row["addresses"]]
    people = [name for name, kind in bounces if kind in ("person", "list")]
    print(f"\nbounces taken for a person's: {len(people)} of {len(bounces)} {people}")
    assert len(people) <= allowed(len(bounces), 0.03)


def test_what_is_no_bounce_names_no_failed_address() -> None:
    """Mails among the bounces that only look like one (without failed addresses) are not believed to be one."""
    cases = [row for row in rows("flufl_bounce") if not row["addresses"]]
    hard = [row["id"] for row in cases if (bounce := parse(raw(row)).bounce) is not None and bounce.hard]
    assert hard == []


def test_the_kind_of_machine_is_right() -> None:
    cases = sisimai()
    wrong = [row["id"] for row, mail in cases if mail.kind not in WANTED.get(row["class"], ANY_MACHINE)]
    print(f"\nkind of machine mail wrong: {len(wrong)} of {len(cases)} {wrong}")
    assert len(wrong) <= allowed(len(cases), 0.04)


def test_hard_and_soft_are_told_apart() -> None:
    cases = [(row, mail) for row, mail in sisimai() if row["class"] == "bounce"]
    wrong = [row["id"] for row, mail in cases if (mail.bounce is not None and mail.bounce.hard) != row["any_hard"]]
    print(f"\nhard or soft right: {len(cases) - len(wrong)} of {len(cases)}; wrong: {wrong}")
    assert len(wrong) <= allowed(len(cases), 0.1)


def test_failed_addresses_are_found() -> None:
    cases = [row for row in rows("flufl_bounce") if row["addresses"]]
    wrong = []
    for row in cases:
        bounce = parse(raw(row)).bounce
        found = {one.address.casefold() for one in bounce.recipients} if bounce else set()
        if not {address.casefold() for address in row["addresses"]} <= found:
            wrong.append(row["id"])
    print(f"\nall failed addresses found: {len(cases) - len(wrong)} of {len(cases)}; not in {wrong}")
    assert len(wrong) <= allowed(len(cases), 0.1)
