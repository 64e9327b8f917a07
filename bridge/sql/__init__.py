"""The archive: a follower that writes the log to SQL, and the only room that knows SQL."""
