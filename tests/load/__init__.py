"""How fast, how small, how soon: `make bench` (tests/load/bench.py). Nothing here is an assertion of a test."""
