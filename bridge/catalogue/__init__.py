"""The library's catalogue beside the chat: searching it, its records, whether a copy is in, and citations.

Begin with `search`: one `Catalogues` holds the catalogues of a consortium, and keeps answers for a few minutes. `sru` asks by SRU,
`marc` reads the records, `citation` writes them in the styles of `styles/`, `availability` asks about copies.
Everything comes from a foreign server: it's bounded in time and size, and read as text.
"""
