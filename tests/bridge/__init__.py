"""The daemon's rooms, each against the real thing it speaks to."""
