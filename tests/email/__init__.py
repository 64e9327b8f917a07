"""Mail, end to end: real servers, real mail programs, a real desk."""
