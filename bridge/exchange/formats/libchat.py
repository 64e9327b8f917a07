"""LibChat's CSV of transcripts, by the names of its columns, which differ from year to year.

Where the patron's computer is named (IP, browser, system, referrer) it is left at the door. A transcript becomes lines as far as
it can be read, see `transcript_text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bridge.exchange.fields import Reading, conversation_of
from bridge.exchange.mapped_rows import headed, mapped
from bridge.exchange.record import Items

HEADERS: dict[str, tuple[str, ...]] = {
    "id": ("id", "chatid", "transcriptid", "chat"),
    "opened_at": ("timestamp", "datetime", "dateandtime", "started", "starttime", "start", "chatstart", "created"),
    "date": ("date", "startdate"),
    "time": ("time",),
    "closed_at": ("ended", "endtime", "end", "chatend"),
    "duration": ("duration", "durationseconds", "durationinseconds", "chatduration", "length"),
    "wait": ("wait", "waittime", "waitseconds", "waittimeseconds", "waittimeinseconds", "secondstoanswer"),
    "question": ("initialquestion", "question", "firstquestion"),
    "transcript": ("transcript", "chattranscript", "messages"),
    "name": ("name", "patronname", "guestname", "username", "patron", "guest"),
    "contact": ("contact", "contactinfo", "email", "emailaddress", "patronemail"),
    "queue": ("department", "queue", "dept", "departmentname", "widget", "widgetname"),
    "librarian": ("answerer", "answeredby", "librarian", "operator", "staff", "agent", "accountname"),
    "rating": ("rating", "userrating", "patronrating"),
    "comment": ("ratingcomment", "ratingcomments", "comment", "comments", "usercomment", "feedback"),
    "topics": ("tags", "tag", "internaltags", "topics"),
    "note": ("internalnote", "internalnotes", "note", "notes"),
}


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the conversations of the files."""
    for file in files:
        rows, by_header = headed(file, reading, HEADERS)
        yield from mapped(rows, by_header, conversation_of)
