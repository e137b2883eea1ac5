"""Courses: small sets of tasks that belong together, to see in a few minutes what learning does."""
