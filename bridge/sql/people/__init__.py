"""What people edit and own: accounts and sessions, libraries and opening hours, drafts and kept answers."""
