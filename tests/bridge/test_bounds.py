"""Numbers from outside have bounds, in every field."""

from __future__ import annotations

import msgspec
import pytest

from bridge.contract.bounds import out_of_bounds
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, decode
from routing.organisation import Library, Timers

HUGE = (10**30, -(10**30), 2**63, 2**64, 2**53)


@pytest.mark.parametrize("number", HUGE)
def test_each_is_named_by_its_path(number: int) -> None:
    assert list(out_of_bounds({"a": [{"b": 1}, {"b": number}], "c": True})) == [
        f"a[2].b is out of bounds: at most {2**53 - 1}"
    ]


@pytest.mark.parametrize("number", HUGE)
def test_no_number_of_a_request_is_larger_than_what_can_be_kept(number: int) -> None:
    """An organisation's timer of 10^30 was a 500."""
    library = msgspec.to_builtins(Library(id="north", revision=0, name="North", timers=Timers()))
    library["timers"]["remind_s"] = number
    raw = msgspec.json.encode({"library": library, "calendar": {}})
    with pytest.raises(Refusal) as refused:
        decode(raw, schema.LibraryDocument)
    assert (refused.value.status, "library.timers.remind_s" in refused.value.body.detail) == (422, True)
    with pytest.raises(Refusal):
        decode(f'{{"t":"pong","at":{number}}}'.encode(), schema.ClientMessage)
