"""The patron's account in the library system: checked by the patron, seen by the librarian for half an hour, kept nowhere.

Begin with `access`: a librarian offers, the patron proves who they are on a page of its own (`pages`) and chooses what may be seen.
Library systems are asked by SIP2 (`sip2`) or Koha's REST interface (`koha`), both a `LibrarySystem`.

The rule: a card number and a PIN go to the library system and nowhere else. No stream, table, file, log or answer holds them.
The PIN is dropped after the check. The card number stays in this process's memory until the access ends.
"""
