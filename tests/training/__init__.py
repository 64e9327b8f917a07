"""Scenarios, the scripted patron, and practice through the whole ring."""
