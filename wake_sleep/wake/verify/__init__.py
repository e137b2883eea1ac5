"""Verification: whether programs do what a spec asks. Nothing else makes a verdict."""
