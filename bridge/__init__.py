"""The daemon: what every channel shares, and what ties the house together."""
