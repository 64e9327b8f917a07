"""The channels that ship with Deskbridge: one package a kind, each found through its entry point."""
