"""Fixtures of this room."""

from tests.bridge.redis_fixtures import redis_server, store

__all__ = ["redis_server", "store"]
