"""Reading what was committed: snapshots, the one reader of the log in a process, and its consumers.

Begin with `follower`. `snapshot` writes and loads the core's state, `replica` keeps it for a web process, `tail` keeps the
newest steps of each conversation, `traces` sends what becomes of single messages to a collector. May import redis and the
rooms below.
"""
