"""What each route does, one module a subject. Each function gets a checked `Call` and returns what the schema says."""
