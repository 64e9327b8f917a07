"""`/channels/<name>/…`: leads a request to the channel's application, and channels come and go while the server runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiohttp import web
from aiohttp.web_urldispatcher import AbstractRoute, PrefixedSubAppResource, PrefixResource
from yarl import URL

PREFIX = "/channels"


class ChannelMounts(PrefixResource):
    """The applications of channels, by name."""

    def __init__(self, applications: Mapping[str, web.Application]) -> None:
        super().__init__(PREFIX)
        self._mounted: dict[str, PrefixedSubAppResource] = {}
        self._early = dict(applications)

    def mount(self, root: web.Application) -> None:
        """Serve the channels below a daemon's application."""
        root.router.register_resource(self)
        root.on_startup.append(self._start)
        root.on_shutdown.append(self._each(lambda app: app.shutdown()))
        root.on_cleanup.append(self._each(lambda app: app.cleanup()))
        for name, app in self._early.items():
            self._put(name, app)

    async def _start(self, _: web.Application) -> None:
        for name, app in self._early.items():
            await self._begin(name, app)

    async def put(self, name: str, app: web.Application) -> None:
        """Serve a channel from now on, in place of an earlier one of that name."""
        self._put(name, app)
        await self._begin(name, app)

    def drop(self, name: str) -> None:
        """Serve a channel no longer; its answers that are under way go on."""
        self._mounted.pop(name, None)

    def _put(self, name: str, app: web.Application) -> None:
        self._mounted[name] = PrefixedSubAppResource(f"{PREFIX}/{name}", app)
        app.pre_freeze()

    @staticmethod
    async def _begin(name: str, app: web.Application) -> None:
        app.freeze()
        await app.startup()

    def _each(self, call: Callable[[web.Application], Any]) -> Callable[[web.Application], Any]:
        async def all_of_them(_: web.Application) -> None:
            for resource in list(self._mounted.values()):
                await call(resource.get_info()["app"])

        return all_of_them

    # ---- what a resource of aiohttp must be

    async def resolve(self, request: web.Request) -> Any:
        """Find the handler of the channel that a path names."""
        name = request.rel_url.raw_path.removeprefix(f"{PREFIX}/").partition("/")[0]
        resource = self._mounted.get(name)
        return (None, set()) if resource is None else await resource.resolve(request)

    def url_for(self, *args: str, **kwargs: str) -> URL:
        """Not supported: channels write their own addresses."""
        raise RuntimeError("channels write their own addresses")

    def get_info(self) -> Any:
        """Return what is mounted here."""
        return {"prefix": PREFIX}

    def __len__(self) -> int:
        return sum(map(len, self._mounted.values()))

    def __iter__(self) -> Iterator[AbstractRoute]:
        for resource in self._mounted.values():
            yield from resource
