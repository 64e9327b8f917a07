"""Mail: IMAP in, SMTP out. Everything between raw bytes and the vocabulary is pure and can be tried on a file."""
