"""Forgetting at a patron's request, carried through every place that holds something: streams, files, channels, SQL."""
