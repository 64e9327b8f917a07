"""The loop channel: a network in memory. The reference for authors of adapters, and a channel for tests."""
