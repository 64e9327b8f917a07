"""What every process needs while it runs: logs, metrics, health, back-off, and when Python collects garbage.

May import only the contract. Nothing here knows a channel, Redis or SQL.
"""
