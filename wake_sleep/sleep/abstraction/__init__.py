"""Abstraction: proposing library functions for a corpus of programs, selecting them, and rewriting with them."""
