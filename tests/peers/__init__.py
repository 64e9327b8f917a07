"""Real servers that tests talk to: each private, on loopback or a unix socket, ended by its own process group."""
