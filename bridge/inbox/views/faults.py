"""What is wrong with a library or with scripts, as the interface refuses them: each fault with its field."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal
from bridge.sql.people.field_fault import FieldFault


def refusal(error: str, found: Sequence[FieldFault]) -> Refusal:
    """Return the answer (422) that lists all faults."""
    detail = "; ".join(map(str, found))[:4000]
    faults = [schema.FieldFaultView(field=one.field, says=one.says) for one in found]
    return Refusal(422, error, detail, body=schema.LibraryFaults(error=error, detail=detail, faults=faults))
