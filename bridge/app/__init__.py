"""The program: its command line, its configuration, and the wiring of one process.

May import every other room; nothing imports it. Begin with `consortium` (all parts of one ring, wired in its order), then
`daemon` (start and stop). `cli` holds the verbs, `commands` what they do beside serving, `demo` the example libraries.
"""
