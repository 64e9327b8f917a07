"""What training keeps: a trainee's sheets with words of people, scenarios that libraries wrote, and how far a first day is.

Begin with `sheets`. Who may see what is decided by who asks (bridge.inbox.routes.training).
"""
