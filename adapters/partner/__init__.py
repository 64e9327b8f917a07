"""The partner channel: another deployment of the desk, as a channel like every other. See docs/partners.md."""
