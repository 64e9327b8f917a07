"""A local server that answers like Telegram's Bot API, since no real one can be had.

It is held to two things that are not ours: each request and each update goes through aiogram's models, and `faults_of` compares
them with Telegram's own description of the API, where that file is there. Rules it keeps, from the documentation: an update stays
until a later `offset` confirms it, a second `getUpdates` ends the first with 409, and files are handed out up to 20 MB.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiogram.methods
from aiogram.types import BufferedInputFile, Update
from aiohttp import web

TOKEN = "4711:telegram-token-for-tests-0815"
BOT = {"id": 4711, "is_bot": True, "first_name": "Ask us", "username": "ask_us_bot"}
MAX_DOWNLOAD = 20_000_000


@dataclass
class ShownInChat:
    """What a patron's Telegram shows."""

    id: int
    text: str
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass
class TelegramServer:
    """The server. `said` lists what was asked of it, `wrong` what the models or the description find fault with."""

    description: Mapping[str, Any] | None = None
    mishaps: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # answers instead of the next sending
    blocked: set[int] = field(default_factory=set)
    left: list[int] = field(default_factory=list)
    webhook: bool = False
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    confirmed: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self._updates: list[dict[str, Any]] = []
        self._last = 0
        self._ids: dict[int, int] = {}
        self._files: dict[str, bytes] = {}
        self._chats: dict[int, asyncio.Queue[ShownInChat]] = {}
        self._changed = asyncio.Condition()
        self._round = 0
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=60 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop; what is kept stays, for another `open`."""
        if self._runner is not None:
            await self._runner.cleanup()

    # -- patrons

    def chat(self, id: int) -> asyncio.Queue[ShownInChat]:
        """Return what a patron is shown, in order."""
        return self._chats.setdefault(id, asyncio.Queue())

    async def say(self, chat: int, name: str = "Ada", **fields: Any) -> int:
        """Let a patron write; return the message's id."""
        id = self._ids[chat] = self._ids.get(chat, 0) + 1
        await self.push({"message": self.message(chat, id, name, **fields)})
        return id

    def message(self, chat: int, id: int, name: str = "Ada", **fields: Any) -> dict[str, Any]:
        """Return a message of a private chat."""
        by = {"id": chat, "is_bot": False, "first_name": name, "language_code": "de"}
        place = {"id": chat, "type": "private", "first_name": name}
        return {"message_id": id, "date": 1_796_000_000 + id, "chat": place, "from": by} | fields

    async def push(self, update: dict[str, Any], *, check: bool = True) -> None:
        """Have an update arrive."""
        self._last += 1
        update = {"update_id": self._last} | update
        if check:
            Update.model_validate(update)
            self.wrong += faults_of(self.description, "Update", update)
        async with self._changed:
            self._updates.append(update)
            self._changed.notify_all()

    def keep(self, name: str, data: bytes) -> dict[str, Any]:
        """Keep a file, and return it as a message names it."""
        id = f"file-{len(self._files)}-{name}"
        self._files[id] = data
        return {"file_id": id, "file_unique_id": id[:12], "file_size": len(data), "file_name": name}

    def is_confirmed(self, chat: int, message: int) -> bool:
        """Say whether the bot confirmed all updates of a message, of which there is one at least."""
        numbers = [
            each["update_id"]
            for each in self._updates
            if (said := each.get("message")) and (said["chat"]["id"], said["message_id"]) == (chat, message)
        ]
        return bool(numbers) and max(numbers) < self.confirmed

    # -- the API

    async def _method(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return _refuse(401, "Unauthorized")
        method = request.match_info["method"]
        fields, files = await _fields(request)
        self._hold_to_models(method, fields, files)
        self.said.append((method, fields))
        answer = getattr(self, "_" + re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", method), None)
        if answer is None:
            return _refuse(404, "Not Found")
        response: web.Response = await answer(fields, files)
        return response

    def _hold_to_models(self, method: str, fields: dict[str, Any], files: Mapping[str, tuple[str, bytes]]) -> None:
        model = getattr(aiogram.methods, method[:1].upper() + method[1:], None)
        if model is None:
            self.wrong.append(f"there is no method {method}")
            return
        uploads = {
            name: BufferedInputFile(data, label) for name, (label, data) in files.items() if name in model.model_fields
        }
        try:
            model.model_validate(fields | uploads)
        except ValueError as error:
            self.wrong.append(f"{method}: {error}")
        self.wrong += faults_of(self.description, method, fields | dict.fromkeys(uploads, ""))

    async def _get_me(self, fields: dict[str, Any], files: object) -> web.Response:
        return _answer(BOT)

    async def _get_updates(self, fields: dict[str, Any], files: object) -> web.Response:
        if self.webhook:
            return _refuse(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook")
        self._round = mine = self._round + 1
        offset = fields.get("offset", 0)
        async with self._changed:
            self._changed.notify_all()  # another that waits is ended
            self.confirmed = max(self.confirmed, offset)

            def ready() -> bool:
                return mine != self._round or any(one["update_id"] >= self.confirmed for one in self._updates)

            try:
                async with asyncio.timeout(fields.get("timeout", 0)):
                    await self._changed.wait_for(ready)
            except TimeoutError:
                return _answer([])
            if mine != self._round:
                return _refuse(409, "Conflict: terminated by other getUpdates request")
            fresh = [one for one in self._updates if one["update_id"] >= self.confirmed]
        return _answer(fresh[: fields.get("limit", 100)])

    async def _send_message(self, fields: dict[str, Any], files: object) -> web.Response:
        if not 0 < len(fields["text"]) <= 4096:
            return _refuse(
                400, "Bad Request: message is too long" if fields["text"] else "Bad Request: message text is empty"
            )
        return self._show(fields["chat_id"], [(fields["text"], ())])

    async def _send_document(self, fields: dict[str, Any], files: Mapping[str, tuple[str, bytes]]) -> web.Response:
        return self._show(int(fields["chat_id"]), [(fields.get("caption", ""), (files["document"],))])

    async def _send_media_group(self, fields: dict[str, Any], files: Mapping[str, tuple[str, bytes]]) -> web.Response:
        media = fields["media"]
        if not 2 <= len(media) <= 10:
            return _refuse(400, "Bad Request: wrong number of items in the album")
        parts = [(one.get("caption", ""), (files[one["media"].removeprefix("attach://")],)) for one in media]
        return self._show(int(fields["chat_id"]), parts, album=True)

    def _show(
        self, chat: int, parts: Sequence[tuple[str, tuple[tuple[str, bytes], ...]]], *, album: bool = False
    ) -> web.Response:
        if self.mishaps:
            status, body = self.mishaps.pop(0)
            return web.json_response(body, status=status)
        if chat not in self._ids:
            return _refuse(400, "Bad Request: chat not found")
        if chat in self.blocked:
            return _refuse(403, "Forbidden: bot was blocked by the user")
        made = []
        for text, files in parts:
            id = self._ids[chat] = self._ids[chat] + 1
            self.chat(chat).put_nowait(ShownInChat(id, text, files))
            words = {"caption" if files else "text": text} if text else {}
            made.append(self.message(chat, id) | {"from": BOT} | words)
        return _answer(made if album else made[0])

    async def _leave_chat(self, fields: dict[str, Any], files: object) -> web.Response:
        self.left.append(fields["chat_id"])
        return _answer(True)

    async def _get_file(self, fields: dict[str, Any], files: object) -> web.Response:
        data = self._files.get(fields["file_id"])
        if data is None:
            return _refuse(400, "Bad Request: invalid file_id")
        if len(data) > MAX_DOWNLOAD:
            return _refuse(400, "Bad Request: file is too big")
        id = fields["file_id"]
        return _answer(
            {"file_id": id, "file_unique_id": id[:12], "file_size": len(data), "file_path": f"documents/{id}"}
        )

    async def _download(self, request: web.Request) -> web.Response:
        data = self._files.get(request.match_info["path"].removeprefix("documents/"))
        if request.match_info["token"] != TOKEN or data is None:
            return _refuse(404, "Not Found")
        return web.Response(body=data)


async def _fields(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    if request.content_type == "application/json":
        return await request.json(), {}
    fields: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value.filename, value.file.read()
        else:
            text = str(value)
            fields[name] = json.loads(text) if text[:1] in ("[", "{") else text  # objects travel as JSON in a form
    return fields, files


def _answer(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _refuse(status: int, description: str, **parameters: Any) -> web.Response:
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response(body | ({"parameters": parameters} if parameters else {}), status=status)


SIMPLE: dict[str, type | tuple[type, ...]] = {
    "Integer": int,
    "String": str,
    "Boolean": bool,
    "True": bool,
    "Float": (int, float),
}


def faults_of(description: Mapping[str, Any] | None, name: str, found: Mapping[str, Any]) -> list[str]:
    """Return what Telegram's description finds wrong with a request or an object; nothing where there is no description."""
    if description is None:
        return []
    fields = {
        one["name"]: one for one in (description["methods"].get(name) or description["types"][name]).get("fields", [])
    }
    wrong = [f"{name}: {one} is missing" for one, told in fields.items() if told["required"] and one not in found]
    for key, value in found.items():
        if key not in fields:
            wrong.append(f"{name}: there is no {key}")
            continue
        types = fields[key]["types"]
        if isinstance(value, dict) and len(types) == 1 and types[0] in description["types"]:
            wrong += faults_of(description, types[0], value)
        elif all(one in SIMPLE for one in types) and not any(_is(value, one) for one in types):
            wrong.append(f"{name}: {key} is not {' or '.join(types)}")
    return wrong


def _is(value: object, kind: str) -> bool:
    """Say whether a value is of a kind; a form has only words."""
    return isinstance(value, SIMPLE[kind]) or (kind == "Integer" and isinstance(value, str) and value.isdigit())
