"""From bytes to a `Mail`: the chain of filters, and the worker process in which it runs with a deadline."""
