"""One bucket of an S3-compatible service: put, get, delete and list objects.

The client is obstore, over Rust's `object_store`. It is an extra (`deskbridge[s3]`), since few need it and it weighs 15 MB.
Nothing of a request or of a key is ever logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.contract.adapter import FilesAway

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store

CHUNK = 256 * 1024
PART = 8 * 1024 * 1024  # what is uploaded in several requests begins above this
CONNECT_S = 5
REQUEST_S = 60
RETRY_S = 10


class MissingClient(Exception):
    """The package that speaks to buckets is not installed. The text says what to do."""


class BucketFaulty(Exception):
    """A bucket cannot be used as it is configured. The text says why, without a secret."""


class Bucket:
    """Objects below `prefix` in one bucket. All raise FilesAway where the service does not answer or refuses us.

    `endpoint` is empty for Amazon's own. `authority` is a PEM certificate of a private authority. Raises MissingClient.
    """

    def __init__(
        self,
        name: str,
        *,
        endpoint: str = "",
        region: str = "us-east-1",
        key: str = "",
        secret: str = "",
        authority: str = "",
        prefix: str = "",
    ) -> None:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError:
            raise MissingClient("the client for buckets is missing; install deskbridge[s3]") from None
        options: ClientConfig = {
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "timeout": timedelta(seconds=REQUEST_S),
        }
        if endpoint.startswith("http://"):
            options["allow_http"] = True
        if authority:
            options["root_certificate"] = authority
        where: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
        if key:
            where |= {"access_key_id": key, "secret_access_key": secret}
        self._store: S3Store = S3Store(
            name,
            region=region,
            client_options=options,
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=RETRY_S)},
            **where,
        )
        self._calls = obstore
        self._prefix = prefix

    async def put(self, key: str, source: Path) -> None:
        """Keep a file as an object; it is durable when this returns."""
        try:
            with _away():
                await self._calls.put_async(self._store, self._prefix + key, source, chunk_size=PART, max_concurrency=2)
        except FileNotFoundError:
            raise FilesAway("there is no such bucket") from None

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Yield an object's bytes, a chunk at a time. Raises FileNotFoundError."""
        with _away():
            found = await self._calls.get_async(self._store, self._prefix + key)
            async for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    async def holds(self, key: str) -> bool:
        """Say whether an object is there."""
        try:
            with _away():
                await self._calls.head_async(self._store, self._prefix + key)
        except FileNotFoundError:
            return False
        return True

    async def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is no error."""
        try:
            with _away():
                await self._calls.delete_async(self._store, self._prefix + key)
        except FileNotFoundError:
            return

    async def listed(self, before: float, below: str = "") -> AsyncIterator[str]:
        """Yield the keys of objects that were written before `before` (s since the epoch) by the service's clock."""
        with _away():
            async for portion in self._calls.list(self._store, prefix=self._prefix + below):
                for each in portion:
                    if each["last_modified"].timestamp() < before:
                        yield str(each["path"]).removeprefix(self._prefix)

    async def check(self) -> None:
        """List, write, read and delete once. Raises BucketFaulty."""
        try:
            async with asyncio.timeout(2 * REQUEST_S):
                await self._try()
        except (FilesAway, FileNotFoundError, TimeoutError) as error:
            raise BucketFaulty(str(error) or "does not answer") from None

    async def _try(self) -> None:
        key = self._prefix + "check"
        with _away():
            await self._calls.put_async(self._store, key, b"deskbridge check")
            found = await self._calls.get_async(self._store, key)
            await found.bytes_async()
            await self._calls.delete_async(self._store, key)


@contextmanager
def _away() -> Iterator[None]:
    """Give what the client raises one name. Its texts hold URLs, keys of objects and answers of the service: they are not kept."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError("no such object or bucket") from None
    except (BaseError, OSError, ValueError) as error:
        raise FilesAway(f"the bucket cannot be used now ({type(error).__name__})") from None
