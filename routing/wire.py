"""How inputs, steps and deliveries are written to streams (MessagePack), and which names they go by there."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bridge.contract.message import (
    Action,
    CallAnswer,
    Delivery,
    Erase,
    Message,
    Rating,
    Recall,
    Receipt,
    TranscriptWish,
    derive,
)
from routing.events import Given, Input, Step
from routing.organisation import Library

_NAMED = (Message, Rating, TranscriptWish, Action, Erase, Recall, CallAnswer)  # those whose id is their own
_ENCODER = msgspec.msgpack.Encoder()
_INPUT: msgspec.msgpack.Decoder[Input] = msgspec.msgpack.Decoder(Input)
_STEPS: msgspec.msgpack.Decoder[list[Step]] = msgspec.msgpack.Decoder(list[Step])
_DELIVERY: msgspec.msgpack.Decoder[Delivery] = msgspec.msgpack.Decoder(Delivery)


def encode(one: msgspec.Struct) -> bytes:
    """Return an input or a delivery as it is written."""
    return _ENCODER.encode(one)


def decode_input(payload: bytes) -> Input:
    """Return an input. Raises msgspec.DecodeError for what is none."""
    return _INPUT.decode(payload)


def encode_steps(steps: Iterable[Step]) -> bytes:
    """Return the steps of one log entry as they are written."""
    return _ENCODER.encode(list(steps))


def decode_steps(payload: bytes) -> list[Step]:
    """Return the steps of one log entry. Raises msgspec.DecodeError."""
    return _STEPS.decode(payload)


def decode_delivery(payload: bytes) -> Delivery:
    """Return a delivery. Raises msgspec.DecodeError."""
    return _DELIVERY.decode(payload)


def cause(given: Given, entry: str, n: int) -> str:
    """Return the id of what `given`, the n-th input of stream entry `entry`, brings about: the same after any replay."""
    if isinstance(given, _NAMED):
        return given.id
    if isinstance(given, Receipt):
        return _receipt_id(given)
    return derive(entry, str(n))


def _receipt_id(receipt: Receipt) -> str:
    """Return what a receipt is known by; those of copies count apart."""
    return derive("receipt", receipt.delivery, receipt.stage, *((receipt.copy,) if receipt.copy else ()))


def source_key(given: Input) -> str:
    """Return what a repeated input is known by, "" for those that are never dropped as duplicates."""
    if isinstance(given, _NAMED):
        return given.id
    if isinstance(given, Receipt):
        return _receipt_id(given)
    if isinstance(given, Library):
        return derive("library", given.id, str(given.revision))
    return ""
