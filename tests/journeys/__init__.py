"""Whole journeys through a running house: real processes, real sockets, both sides."""
