"""Deskbridge tested: the pure parts by value, the rest against the real programs."""
