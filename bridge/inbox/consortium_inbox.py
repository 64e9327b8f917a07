"""One consortium's staff side in this process: its services, and what the inbox keeps beside them."""

from __future__ import annotations

from bridge.inbox.live.action_results import ActionResults
from bridge.inbox.live.hub import LiveHub
from bridge.inbox.services import InboxServices
from bridge.inbox.views.list_index import ListIndex


class ConsortiumInbox:
    """Lists, answers and live pages of one consortium."""

    def __init__(self, services: InboxServices) -> None:
        self.services = services
        self.lists = ListIndex()
        self.answers = ActionResults()
        self.live = LiveHub(services, self.lists, self.answers)
