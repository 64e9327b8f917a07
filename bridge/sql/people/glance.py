"""The libraries as the database holds them, for a command that only looks: nothing is made, upgraded or written."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from bridge.sql.database import engine_for
from bridge.sql.people.organisation import OrganisationStore
from routing.organisation import Library


async def libraries(url: str, consortium: str) -> list[Library]:
    """Return a consortium's libraries; none where the database cannot be read, or has no tables yet."""
    engine = engine_for(url)
    try:
        return [entry.library for entry in await OrganisationStore(engine, consortium).entries()]
    except (SQLAlchemyError, OSError):
        return []
    finally:
        await engine.dispose()
