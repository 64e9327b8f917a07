"""Questions that staff count where no conversation holds them: at a desk, by telephone, between the shelves, by appointment.

`question` is one of them, `questions` keeps all. Begin with `question`.
"""
