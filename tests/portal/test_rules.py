"""What a public page is made of, without a page: hours in words, what may be written, texts that a library can take."""

from __future__ import annotations

from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from bridge.pages.languages import languages, locale, words
from bridge.portal.desk_hours import moment_in_words, week, zone_name
from bridge.portal.notices import NoticeKind, proposal
from bridge.sql.people.validation import own_faults
from routing.organisation import Library, PortalLink, PortalPage, Queue

BERLIN = "Europe/Berlin"
LIBRARY = Library(id="n", revision=1, name="North", queues=(Queue(id="n/q", name="Q"),), retention_days=30)


def at(text: str) -> int:
    """Return a local moment in Berlin as ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp() * 1000)


def test_a_week_is_told_in_the_library_s_time_also_when_clocks_change() -> None:
    """On 25 October 2026 clocks go back in Berlin. An opening over midnight belongs to its first day."""
    opened = (
        (at("2026-10-24T09:00"), at("2026-10-24T17:00")),
        (at("2026-10-25T09:00"), at("2026-10-25T12:30")),
        (at("2026-10-25T14:00"), at("2026-10-25T17:00")),
        (at("2026-10-30T22:00"), at("2026-10-31T02:00")),
        (at("2026-10-31T09:00"), at("2026-10-31T10:00")),
    )
    days = week(opened, BERLIN, at("2026-10-24T12:00"), locale("de"))
    assert [day.weekday for day in days][:2] == ["Samstag", "Sonntag"]
    assert days[1].date == "25. Oktober"
    assert [day.spans for day in days] == [
        ("09:00–17:00",),
        ("09:00–12:30", "14:00–17:00"),
        (),
        (),
        (),
        (),
        ("22:00–02:00",),
    ]
    british = week(opened, BERLIN, at("2026-10-24T12:00"), locale("en", "GB"))
    assert (british[1].date, british[1].spans[0]) == ("25 October", "09:00–12:30")


@pytest.mark.parametrize(
    "moment, says",
    [
        ("2026-12-01T15:00", "15:00"),
        ("2026-12-02T09:00", "Wednesday 09:00"),
        ("2027-01-04T09:00", "Monday, 4 January, 09:00"),
    ],
)
def test_a_moment_names_as_much_of_its_day_as_is_needed(moment: str, says: str) -> None:
    assert moment_in_words(at(moment), BERLIN, at("2026-12-01T08:00"), locale("en", "GB")) == says


def test_every_language_has_every_word_and_the_same_names_in_braces() -> None:
    english = words("en")
    for language in languages():
        own = words(language)
        assert own.keys() == english.keys(), language
        assert [key for key in english if own[key].count("{") != english[key].count("{")] == []
    assert zone_name("Europe/London", locale("es")) == "Londres"


@pytest.mark.parametrize(
    "page, field",
    [
        (PortalPage(phone="call us"), "portal.phone"),
        (PortalPage(text="12"), "portal.text"),
        (PortalPage(mail="ask at library"), "portal.mail"),
        (PortalPage(messenger="a@b.example\r\nx"), "portal.messenger"),
        (PortalPage(catalogue="https://cat.example/search"), "portal.catalogue"),
        (PortalPage(catalogue="https://{words}.example/"), "portal.catalogue"),
        (PortalPage(catalogue="javascript:alert('{words}')"), "portal.catalogue"),
        (PortalPage(catalogue="https://cat.example; script-src *?q={words}"), "portal.catalogue"),
        (PortalPage(catalogue="https://cat.example:99999/?q={words}"), "portal.catalogue"),
        (
            PortalPage(
                links=(PortalLink(label="ok", url="https://a.example"), PortalLink(label="", url="https://a.example"))
            ),
            "portal.links[2].label",
        ),
        (PortalPage(links=(PortalLink(label="x", url="javascript:alert(1)"),)), "portal.links[1].url"),
        (PortalPage(links=tuple(PortalLink(label="x", url="https://a.example") for _ in range(31))), "portal.links"),
        (PortalPage(tagline="x" * 201), "portal.tagline"),
        (PortalPage(privacy="x" * 20_001), "portal.privacy"),
    ],
)
def test_what_cannot_stand_on_a_page_names_its_field(page: PortalPage, field: str) -> None:
    assert [each.field for each in own_faults(replace(LIBRARY, portal=page))] == [field]


def test_a_full_page_is_taken() -> None:
    page = PortalPage(
        phone="+44 1632 960010",
        mail="ask@north.example",
        catalogue="https://cat.example:8443/s/{words}#results",
        links=(PortalLink(label="Renew", url="http://cat.example/me"),),
    )
    assert own_faults(replace(LIBRARY, portal=page)) == []


@pytest.mark.parametrize("language", ["en", "de", "sv"])
def test_a_proposed_notice_says_what_is_true_of_the_library(language: str) -> None:
    library = replace(LIBRARY, language=language, portal=PortalPage(mail="ask@north.example"))
    for kind in get_args(NoticeKind):
        text = proposal(kind, library)
        assert "North" in text
        assert "ask@north.example" in text
        assert "{" not in text
    assert "30" in proposal("privacy", library)
    assert "30" not in proposal("privacy", replace(library, retention_days=0))
