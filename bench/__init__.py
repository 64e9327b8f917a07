"""How fast, how small, how soon: `make bench` (bench/bench.py). Nothing here is an assertion of a test."""
