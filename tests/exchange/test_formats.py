"""What is read of each format. The files are made up here: no vendor's real export was to be had."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.exchange.fields import Reading
from bridge.exchange.formats import chatwoot, generic, libanswers_faq, libchat, libraryh3lp, questions, zammad
from bridge.exchange.html_text import markdown_of, text_of
from bridge.exchange.mapping import BadMapping, ColumnMapping, parse_mapping
from bridge.exchange.moments import moment
from bridge.exchange.record import ConversationRecord, FaqRecord, FileRemark, Item, QuestionRecord, RowFault
from bridge.exchange.transcript_text import Speakers, transcript_lines
from tests.corpora import rows as cases

BERLIN = ZoneInfo("Europe/Berlin")
AT = 1_709_290_800_000  # 2024-03-01 12:00 in Berlin


def reading(mapping: str = "") -> Reading:
    return Reading(parse_mapping(mapping) if mapping else ColumnMapping(), BERLIN, "old-desk")


def file(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def talks(items: Sequence[Item]) -> list[ConversationRecord]:
    return [one for one in items if isinstance(one, ConversationRecord)]


def faults(items: Sequence[Item]) -> list[str]:
    return [str(one) for one in items if isinstance(one, RowFault)]


def said(talk: ConversationRecord) -> list[tuple[str, str]]:
    return [(line.who, line.text) for line in talk.lines]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01 12:00:00", "2024-03-01T11:00:00Z", "2024-03-01 11:00:00+00:Z",
        "2024-03-01 11:00:00 +00:Z", "1709290800", "1709290800000",
        "03/01/2024 12:00 PM", "3/1/2024, 12:00:00", "01.03.2024 12:00", "Mar 1, 2024 12:00 PM", "2024-03-01 11:00:00 UTC",
        "Fri, 01 Mar 2024 11:00:00 +0000",
    ],
)  # fmt: skip
def test_times_are_read_as_desks_write_them(text: str) -> None:
    assert moment(text, BERLIN) == AT


@pytest.mark.parametrize(
    "text", ["", "soon", "13/25/2024 10:00", "0001-01-01 00:00", "2999-01-01 00:00", "9" * 13, "2024-02-30"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it is"):
        moment(text, BERLIN)


def test_a_mapping_says_which_key_is_wrong() -> None:
    for text, key in (
        ("[columns]\nnothing = 'x'", "nothing"), ("colums = 1", "colums"), ("[time]\nzone = 'Mars'", "time.zone"),
        ("encoding = 'x-none'", "encoding"), ("[columns]\nid = 3", "columns"), ("what = 'all'", "what"), ("[", "TOML"),
    ):  # fmt: skip
        with pytest.raises(BadMapping, match=key):
            parse_mapping(text)


MAPPING = """
source = "old-desk"
[columns]
id = "Chat"
opened_at = "Start"
name = "Who"
way = "How"
transcript = "Text"
read = "READ"
[time]
format = "%d/%m/%Y %H:%M"
[values.way]
"E-mail" = "email"
"""


def test_a_table_is_read_by_a_mapping_and_each_broken_row_is_named(tmp_path: Path) -> None:
    rows = (
        "Chat;Start;Who;How;Text;READ;Browser\r\n"
        '1;01/03/2024 12:00;Pat;E-mail;"Hello,\nworld";3;X\r\n'
        "2;31/02/2024 12:00;Pat;chat;Hi;2;X\r\n"
        "3;01/03/2024 12:00;Pat;chat;Hi;9;X\r\n"
        "4;01/03/2024 12:00;=cmd|' /C calc'!A0;chat;a\0b;;X\r\n"
        "5;1;2;3;4;5;6;7;8\r\n"
        "6;01/03/2024 12:00;M\xfcller;chat;Hi;;X\r\n"
        f"7;01/03/2024 12:00;Pat;chat;{'x' * 200_000};1;X\r\n"
    )
    found = list(generic.read([file(tmp_path, "old.csv", rows.encode("latin-1"))], reading(MAPPING)))
    good = talks(found)
    assert [one.id for one in good] == ["1", "4", "7"]
    assert (good[0].opened_at, good[0].way, good[0].live, good[0].read_scale) == (AT, "email", False, 3)
    assert said(good[0]) == [("patron", "Hello,\nworld")]
    assert good[1].name == "=cmd|' /C calc'!A0"
    assert said(good[1]) == [("patron", "ab")]
    assert len(good[2].lines[0].text) == 100_000
    assert [one.rpartition(": ")[0] for one in faults(found)[:2]] == [
        "old.csv:4: opened_at (Start)", "old.csv:5: read (READ)",
    ]  # fmt: skip
    assert faults(found)[2].startswith("old.csv:7: row: it has 9 cells")
    assert faults(found)[3].startswith("old.csv:8: Who: it is not UTF-8")
    assert any("Browser" in one.text for one in found if isinstance(one, FileRemark))
    windows = reading('encoding = "cp1252"\n' + MAPPING)
    assert [one.name for one in talks(list(generic.read([tmp_path / "old.csv"], windows)))][-2] == "Müller"


def test_rows_of_one_id_are_the_lines_of_one_conversation_and_json_has_lists(tmp_path: Path) -> None:
    table = "chat\twhen\twho\ttext\n"
    table += "1\t2024-03-01 12:00\tuser\tHello\n1\t2024-03-01 12:01\tagent\tHi\n2\t2024-03-02 12:00\tuser\tYes\n"
    by_line = "[columns]\nid='chat'\nline_at='when'\nline_who='who'\nline_text='text'"
    found = list(generic.read([file(tmp_path, "old.tsv", "\ufeff" + table)], reading(by_line)))
    assert [said(one) for one in talks(found)] == [[("patron", "Hello"), ("librarian", "Hi")], [("patron", "Yes")]]
    utf16 = list(generic.read([file(tmp_path, "wide.csv", table.encode("utf-16"))], reading(by_line)))
    assert [said(one) for one in talks(utf16)] == [said(one) for one in talks(found)]

    lines = '{"n": 7, "at": 1709290800, "by": {"name": "Pat"}, '
    lines += '"log": [{"t": 1709290860, "r": "guest", "x": "<b>Hi</b>"}]}\nnonsense\n[1]\n'
    mapping = "[columns]\nid='n'\nopened_at='at'\nname='by.name'\nmessages='log'\n[lines]\nat='t'\nwho='r'\ntext='x'"
    found = list(generic.read([file(tmp_path, "old.jsonl", lines)], reading(mapping)))
    assert [(one.id, one.name, said(one)) for one in talks(found)] == [("7", "Pat", [("patron", "Hi")])]
    assert [one.partition(": ")[0] for one in faults(found)] == ["old.jsonl:2", "old.jsonl:3"]


def test_a_quote_that_is_never_closed_and_a_huge_line_cost_their_rows_alone(tmp_path: Path) -> None:
    head = "Chat,Start,Text\n"
    row = "{},01/03/2024 12:00,Hi\n"
    filler = ("y" * 1000 + "\n") * 4500
    text = head + row.format(1) + '2,"01/03' + filler + row.format(3) + "z" * (17 * 2**20) + "\n" + row.format(4)
    mapping = reading(MAPPING)
    found = list(generic.read([file(tmp_path, "old.csv", text)], mapping))
    ids = [one.id for one in talks(found)]
    assert (ids[0], ids[-1]) == ("1", "4")
    assert any("field larger" in one for one in faults(found))
    assert any("too long" in one for one in faults(found))


LIBCHAT = (
    "\ufeffChat ID,Timestamp,Duration (seconds),Initial Question,Message Count,"
    "Transcript,IP,Referrer,Answerer,Name,Rating,Wait Time\r\n"
    '11,2024-03-01 12:00:00,300,How do I renew?,3,"12:00:05 Pat: How do I renew?\n'
    "12:00:20 Ada Lovelace: Note: use the page https://x.example\nand sign in\n"
    '12:01:00 Pat: Thanks",203.0.113.9,http://secret.example,Ada Lovelace,Pat,4,20\r\n'
    "12,never,300,Q,1,T,,,,,,\r\n"
    "13,2024-03-01 23:59:30,60,,1,just words without a speaker,,,,,,\r\n"
)


def test_libchat_s_columns_are_known_by_their_names_and_its_transcripts_become_lines(tmp_path: Path) -> None:
    found = list(libchat.read([file(tmp_path, "chat.csv", LIBCHAT)], reading()))
    first, last = talks(found)
    assert said(first) == [
        ("patron", "How do I renew?"),
        ("librarian", "Note: use the page https://x.example\nand sign in"),
        ("patron", "Thanks"),
    ]
    assert (first.opened_at, first.closed_at, first.answered_at, first.rating) == (AT, AT + 300_000, AT + 20_000, 3)
    assert first.lines[1].at == AT + 20_000
    assert said(last) == [("patron", "just words without a speaker")]
    assert [one.partition(": ")[2].partition(":")[0] for one in faults(found)] == ["opened_at (Timestamp)"]
    notes = " ".join(one.text for one in found if isinstance(one, FileRemark))
    assert "IP" in notes
    assert "Referrer" in notes
    assert "203.0.113.9" not in repr(found)
    assert "secret.example" not in repr(found)


def test_transcripts_without_times_keep_what_only_looks_like_a_speaker() -> None:
    text = "Guest: Where?\nLibrarian: Here. Two things:\nNote: it's closed\nhttps://x.example/a:b\nGuest: ok"
    lines = transcript_lines(text, AT, BERLIN, Speakers())
    assert [(one.who, one.text) for one in lines] == [
        ("patron", "Where?"),
        ("librarian", "Here. Two things:\nNote: it's closed\nhttps://x.example/a:b"),
        ("patron", "ok"),
    ]
    html = '<div class="guest"><b>x9:</b> late?</div><div class="operator">Yes<script>alert(1)</script></div>'
    assert [(one.who, one.text) for one in transcript_lines(html, AT, BERLIN, Speakers(["x9"]))] == [
        ("patron", "late?"), ("librarian", "Yes"),
    ]  # fmt: skip
    night = transcript_lines("23:59:50 Guest: a\n00:00:10 Staff: b", AT + 43_180_000, BERLIN, Speakers())
    assert [one.at for one in night] == [AT + 43_190_000, AT + 43_210_000]


def test_libraryh3lp_s_activity_meets_its_transcripts(tmp_path: Path) -> None:
    activity = """[
      {"id": 5, "guest": {"jid": "1a2b@chat.example"}, "operator": "ada-lib", "queue": "main", "protocol": "web",
       "started": "2024-03-01 11:00:00+00:Z", "accepted": "2024-03-01 11:00:30+00:Z", "ended": "2024-03-01 11:05:00+00:Z",
       "ip": "203.0.113.9", "referrer": "http://secret.example", "desktracker_id": "t-77"},
      {"id": 6, "guest.jid": "9z@chat.example", "operator": null, "queue": "sms", "protocol": "twilio", "started": "bad"},
      {"id": 7, "guest": "9z@chat.example", "operator": null, "protocol": "sms", "started": "2024-03-01T11:00:00Z",
       "transcript": "<div>11:00:01 9z: hello</div>"}, {broken}, {"id": 8]"""
    xml = """<?xml version="1.0"?><chats><chat id="5"><transcript><div><span>12:00:02</span> <b>1a2b:</b> Is it open?</div>
      <div><span>12:00:40</span> <b>ada-lib:</b> Yes</div></transcript></chat></chats>"""
    files = [
        file(tmp_path, "activity.json", activity),
        file(tmp_path, "t.xml", xml),
        file(tmp_path, "chat-99.html", "<div>x</div>"),
    ]
    found = list(libraryh3lp.read(files, reading()))
    web, text = talks(found)
    assert said(web) == [("patron", "Is it open?"), ("librarian", "Yes")]
    assert (web.opened_at, web.accepted_at, web.closed_at, web.way) == (AT, AT + 30_000, AT + 300_000, "chat")
    assert (text.id, text.way, said(text)) == ("7", "sms", [("patron", "hello")])
    assert "activity.json:6 (object 2): opened_at (started)" in faults(found)[0] or "(object 2)" in faults(found)[0]
    assert len(faults(found)) == 3
    assert any("99" in one.text for one in found if isinstance(one, FileRemark))
    for secret in ("203.0.113.9", "secret.example", "t-77"):
        assert secret not in repr(found)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><chats><chat id="1">&b;</chat></chats>'
    assert "refused" in faults(list(libraryh3lp.read([file(tmp_path, "bomb.xml", bomb)], reading())))[0]


def test_a_faq_s_html_becomes_markdown_and_its_numbers_are_kept(tmp_path: Path) -> None:
    answer = (
        "<p>Use <a href='https://x.example/a b'>this <b>page</b></a>.</p><ul><li>One</li><li>Two</li></ul>"
        "<script>alert(1)</script><p><a href='javascript:alert(1)'>no</a> 1*2 <img src='https://x.example/p.png' alt='a map'></p>"
    )
    body = {
        "faqs": [
            {"faqid": 12, "question": "How?", "answer": answer, "topics": [{"name": "Loans"}], "totalhits": 9},
            {"faqid": 13},
        ]
    }
    found = list(libanswers_faq.read([file(tmp_path, "faq.json", json.dumps(body))], reading()))
    entries = [one for one in found if isinstance(one, FaqRecord)]
    assert [(one.title, one.topics, one.old) for one in entries] == [("How?", ("Loans",), ("12",))]
    assert entries[0].body == (
        "Use [this **page**](https://x.example/a%20b).\n\n- One\n- Two\n\nno 1\\*2 [a map](https://x.example/p.png)"
    )
    assert "title" in faults(found)[0]


def test_refanalytics_is_counted_by_the_names_of_its_columns(tmp_path: Path) -> None:
    table = (
        "Id,Date,Time,Ticket #,Chat #,Location,Patron Status,Communication,Question Type,Duration,READ,Entered By\n"
        "1,2024-03-01,12:00 PM,,,Main Desk,Student,In person,Directional,0-5 minutes,READ 1,Ada\n"
        "2,2024-03-01,12:00 PM,,,Main Desk,Faculty,Telephone,Reference - Research,10-15 minutes,,Ada\n"
        "3,2024-13-01,12:00 PM,,,,,,,,,\n"
        "4,2024-03-01,12:00 PM,,,,,,,,7,\n"
    )
    found = list(questions.read([file(tmp_path, "ref.csv", table)], reading()))
    asked = [one.question for one in found if isinstance(one, QuestionRecord)]
    assert [(q.mode, q.kind, q.minutes, q.read_level, q.place) for q in asked] == [
        ("walk_up", "directional", 3, 1, "Main Desk"),
        ("phone", "reference", 13, None, "Main Desk"),
    ]
    assert asked[0].at_ms == AT
    assert [one.split(": ")[1] for one in faults(found)] == ["date (Date)", "read (READ)"]


def test_chatwoot_and_zammad_say_who_wrote_and_what_was_internal(tmp_path: Path) -> None:
    woot = """{"data": {"meta": {}, "payload": [{"id": 3, "created_at": 1709290800,
      "meta": {"sender": {"name": "Pat", "email": "p@x.example"},
      "channel": "Channel::Email", "assignee": {"name": "Ada"}}, "labels": ["loans"], "messages": [
      {"id": 1, "content": "<p>Hi</p>", "message_type": 0, "created_at": 1709290800},
      {"id": 2, "content": "Yes", "message_type": 1, "created_at": 1709290860, "sender": {"name": "Ada"}},
      {"id": 3, "content": "moved", "message_type": 2, "created_at": 1709290861},
      {"id": 4, "content": "secretly", "message_type": 1, "private": true, "created_at": 1709290862}]}]}}"""
    [talk] = talks(list(chatwoot.read([file(tmp_path, "woot.json", woot)], reading())))
    assert said(talk) == [("patron", "Hi"), ("librarian", "Yes"), ("note", "secretly")]
    assert (talk.way, talk.contact, talk.topics, talk.librarian) == ("email", "p@x.example", ("loans",), "Ada")

    tickets = '[{"id": 9, "title": "Loan", "created_at": "2024-03-01T11:00:00.000Z", "group": "Users", "customer": "p@x.example"}]'
    articles = """[{"id": 1, "ticket_id": 9, "type": "email", "sender": "Customer", "internal": false, "content_type": "text/html",
      "body": "Hi<br>there", "created_at": "2024-03-01T11:00:00.000Z"}, {"id": 2, "ticket_id": 9, "type": "note", "sender": "Agent",
      "internal": true, "content_type": "text/plain", "body": "<ok>", "created_at": "2024-03-01T11:01:00.000Z"}]"""
    files = [file(tmp_path, "tickets.json", tickets), file(tmp_path, "articles.json", articles)]
    [talk] = talks(list(zammad.read(files, reading())))
    assert said(talk) == [("patron", "Hi\nthere"), ("note", "<ok>")]
    assert (talk.way, talk.queue, talk.contact, talk.subject) == ("email", "Users", "p@x.example", "Loan")


def test_hostile_markup_becomes_words() -> None:
    deep = ("<div>" * 3_000 + "x", "<!--" * 3_000, "<a href=" * 3_000, "<b>" * 3_000 + "*" * 3_000, "&" * 50_000)
    for case in (*deep, *(one["payload"] for one in cases("xss")[:200])):
        shown = text_of(f"<p>{case}</p>") + markdown_of(f"<p>{case}</p>")
        assert "](javascript" not in shown.casefold()
