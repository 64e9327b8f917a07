"""Signing on by another service: an OpenID provider, or a proxy in front that has signed people in already.

`settings` is what the configuration says, `oidc` speaks to the provider, and `proxied` reads a proxy's headers. `joining` finds,
links or makes the librarian for an identity, and gives them the role of their groups. The room imports that of SQL, the vocabulary
of `routing` and what lies below. Begin with `joining`: it holds the rules.
"""
