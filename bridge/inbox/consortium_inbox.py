"""One consortium's staff side in this process: what the house gave, and what the inbox keeps beside it."""

from __future__ import annotations

from bridge.inbox.live.action_results import Answers
from bridge.inbox.live.hub import Live
from bridge.inbox.services import Room
from bridge.inbox.views.list_index import Lists


class Staffroom:
    """Lists, answers and live pages of one consortium."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.lists = Lists()
        self.answers = Answers()
        self.live = Live(room, self.lists, self.answers)
