"""Names of files as they may be shown, saved and sent in headers."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from bridge.contract.message import Attachment
from bridge.files.media_types import INLINE

MAX_NAME = 120


def safe_name(name: str) -> str:
    """Return a name that misleads no file system, header or reader: no path, no controls, no direction marks."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    if len(name) > MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if dot and len(ending) <= 10 else ""
        name = (stem if ending else name)[: MAX_NAME - len(ending)] + ending
    return name or "file"


def disposition(attachment: Attachment) -> str:
    """Return a Content-Disposition (RFC 6266): inline only for types that run no code, the name in both spellings."""
    name = safe_name(attachment.name)
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", name)
    kind = "inline" if attachment.media_type in INLINE else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
