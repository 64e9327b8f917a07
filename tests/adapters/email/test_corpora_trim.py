"""What is shown of an answer, on mails of real programs (pytest -s prints the figures)."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.email.codec import parse
from adapters.email.parse.markup import html_text
from tests.adapters.email.corpora import mail_of, raw, squeezed
from tests.corpora import allowed, rows

TEXT_CORPORA = ("crisp", "gh_email_reply_parser", "zapier_email_reply_parser", "mail_parser_reply")


def shown(text: str | bytes, kind: str = "plain") -> str:
    """The new words of a mail with this body, through the whole pipeline."""
    return parse(mail_of(text, kind)).text


def report(name: str, wrong: list[str], total: int) -> None:
    """Print the figure; fail where more than one of eight is wrong."""
    print(f"\n{name}: {total - len(wrong)} of {total} right" + (f"; wrong: {', '.join(wrong)}" if wrong else ""))
    assert len(wrong) <= allowed(total, 1 / 8)


def test_email_reply_trimmer_is_exact() -> None:
    cases = rows("email_reply_trimmer")
    wrong = [row["id"] for row in cases if shown(raw(row)).strip() != row["expected"].strip()]
    report("email_reply_trimmer, exact", wrong, len(cases))


def test_forwards_show_what_was_written_above() -> None:
    """Where an answer is above a forwarded mail, only the answer is new; the whole stays in full_text."""
    cases = rows("email_reply_trimmer_forward")
    wrong = []
    for row in cases:
        mail = parse(mail_of(raw(row)))
        own = row["expected_before"].split("\n")[0]
        if own not in mail.text or squeezed(row["expected_embedded"])[-40:] in squeezed(mail.text):
            wrong.append(row["id"])
    report("email_reply_trimmer, forwards", wrong, len(cases))


def fits(row: dict[str, Any], text: str) -> bool:
    """No quoted text shown and no new text lost, as far as the case says what is what."""
    expected = row.get("expected") or row.get("expected_body", "").rstrip("-\n ")
    if expected and squeezed(text) != squeezed(expected):
        return False
    if row.get("expected_first") and not text.startswith(row["expected_first"].split("\n")[0]):
        return False
    kept = all(phrase in text for phrase in row.get("must_contain", []))
    quoted = [phrase for phrase in row.get("must_not_contain", []) if not _is_signature(row, phrase)]
    return kept and not any(phrase in text for phrase in quoted)


def _is_signature(row: dict[str, Any], phrase: str) -> bool:
    """A signature is the patron's own: showing it is no fault (the corpora do not agree on this)."""
    return any(phrase in one or one in phrase for one in row.get("signature_contains", []))


@pytest.mark.parametrize("name", TEXT_CORPORA)
def test_no_quotation_shown_and_no_new_words_lost(name: str) -> None:
    cases = rows(name)
    wrong = [row["id"] for row in cases if not fits(row, shown(raw(row)))]
    report(name, wrong, len(cases))


def talon_text(row: dict[str, Any]) -> tuple[str, str]:
    """What is shown and what is expected, as words."""
    content = raw(row) if "raw_b64" in row else row["input"]
    if "eml" in row["op"]:
        return parse(raw(row)).text, row["expected"]
    if "html" in row["op"]:
        return shown(content, "html"), row["expected"] if "to_text" in row["op"] else html_text(row["expected"])
    return shown(content), row.get("expected", row.get("expected_text", _without_signature(row)))


def _without_signature(row: dict[str, Any]) -> str:
    """The text above the signature that the case names."""
    return str(row["input"]).rstrip().removesuffix(row.get("expected_signature") or "")


def talon_fits(row: dict[str, Any]) -> bool:
    found, expected = (squeezed(part) for part in talon_text(row))
    if row["op"] == "signature":  # a signature may stay, text may not go
        return found.startswith(expected) or (expected.startswith(found) and not expected)
    device = squeezed("Sent from my iPhone")
    return found in (expected, expected.removesuffix(device))


def test_talon() -> None:
    cases = rows("talon")
    wrong = [row["id"] for row in cases if not talon_fits(row)]
    report("talon", wrong, len(cases))


def quotequail_fits(row: dict[str, Any]) -> bool:
    if "expected_reply" in row:
        return squeezed(shown(row["text"])) == squeezed(row["expected_reply"])
    if "unwrap" in row["op"] and "text" in row:
        text, parts = shown(row["text"]), row["expected"] or {"text": row["text"]}
        own = [parts[key] for key in ("text_top", "text_bottom") if parts.get(key) and not parts[key].startswith("--")]
        # a mail that only forwards is shown whole, else what is forwarded is not new
        return all(part in text for part in own) and (parts["text"].split("\n")[0] not in text if own else bool(text))
    text = shown(row["html"], "html")
    above = html_text(row["expected_quote_intro_line"][0][1]) if "expected_quote_intro_line" in row else ""
    return squeezed(text) == squeezed(above) if above.strip() else bool(text.strip())


def test_quotequail() -> None:
    cases = [row for row in rows("quotequail") if "text" in row or "html" in row]
    wrong = [row["id"] for row in cases if not quotequail_fits(row)]
    report("quotequail", wrong, len(cases))
