"""What a helping librarian reads at the beginning of a partner's conversation."""

from __future__ import annotations

ASKED = "{library} asks for your help with this conversation."
PASSED = "{library} passes you this conversation."
NOTE = "Note: {note}"
POLICY = "Policy page of {library}: {url}"
PATRON = "Patron"
SAID = "{author} ({library}): {text}"
NO_FILE = "[The file {name} couldn't be fetched.]"
ENDED = "{name} at {partner} ended it as {code} after {seconds} s."


def opening(library: str, *, transfer: bool, note: str, policy_url: str) -> str:
    """Return the first words of a conversation that a partner asks us to help with."""
    if not library:
        return ""
    lines = [(PASSED if transfer else ASKED).format(library=library)]
    if note:
        lines.append(NOTE.format(note=note))
    if policy_url:
        lines.append(POLICY.format(library=library, url=policy_url))
    return "\n".join(lines)
