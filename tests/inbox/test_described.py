"""The interface asked by its own description: what it allows, and what it does not (schemathesis).

No answer is a fault of ours, and each is one that the description names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as held
from yarl import URL

from bridge.inbox.http.rate_limits import Limit
from tests.inbox.desk import Client, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

# These end the session that asks, or the account: then nothing that follows would be asked.
ENDS = ("/logout", "/account/password", "/sessions", "/second-factor")
CHECKS = (
    not_a_server_error,
    held.status_code_conformance,
    held.content_type_conformance,
    held.response_schema_conformance,
)
AWAY = 503  # the description names it for all; here nothing is away


@pytest.mark.timeout(900)
async def test_nothing_that_can_be_asked_is_a_fault_or_answered_otherwise_than_described(
    desk: Desk, long: bool
) -> None:
    desk.services.limits.writes = Limit(100_000, 1_000_000)
    async with desk.client() as cora:
        await cora.enter("cora")
        _, document = await cora.get("/openapi.json")
        found = await asyncio.to_thread(lambda: list(_faults(document, cora, 40 if long else 1)))
        assert found == []
        assert (await cora.get("/me"))[0] == 200, "the session lasted to the end"


def _faults(document: dict[str, Any], client: Client, examples: int) -> Iterator[str]:
    keys = count(1)
    session = requests.Session()
    session.cookies.set(
        "deskbridge", client.session.cookie_jar.filter_cookies(URL(client.desk.url))["deskbridge"].value
    )
    schema: Any = schemathesis.openapi.from_dict(document)
    for result in schema.get_all_operations():
        operation = result.ok()
        if any(part in operation.path for part in ENDS):
            continue
        for mode in GenerationMode:
            try:
                _ask(operation, mode, examples, session, client, keys)
            except Unsatisfiable:  # there is no wrong way to ask for it
                continue
            except (Exception, BaseExceptionGroup) as error:
                yield f"{operation.label} ({mode.value}): {type(error).__name__}: {str(error)[:600]}"


def _ask(
    operation: Any, mode: GenerationMode, examples: int, session: Any, client: Client, keys: Iterator[int]
) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: Any) -> None:
        headers = client.headers(f"described-{next(keys):08}")
        response = case.call(base_url=client.desk.url, session=session, headers=headers)
        assert response.status_code != AWAY
        case.validate_response(response, checks=list(CHECKS))

    asked()
