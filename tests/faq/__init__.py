"""The FAQ without a browser."""
