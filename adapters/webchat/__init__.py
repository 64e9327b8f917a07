"""Web chat: a patron's browser, by WebSocket or by long poll, in a widget on a library's page or on a page of its own."""
