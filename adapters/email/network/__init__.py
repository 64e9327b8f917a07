"""IMAP, SMTP and OAuth2: connections, commands and their errors. Nothing here knows what a mail means."""
