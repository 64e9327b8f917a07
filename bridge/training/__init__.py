"""How a desk is learnt without real patrons: scenarios, and a scripted patron who plays them.

Begin with `scenario`: one scenario is one TOML file, shipped or written by the desk. `scripted_patron` plays it: what the
librarian wrote and the time go in, the patron's lines come out. It's pure: no clock, no chance, the same for the same seed.

The channel kind `practice` (adapters/practice) gives the scripted patron a network and the manners of web, text, mail or
instant messages. Everything behind it is the real desk, and routing keeps practice apart from real questions.

`rehearsal` plays a scenario on a page of the inbox, without the desk. `sheet` counts what was written under the six headings of
RUSA's guidelines; it gives no mark.
"""
