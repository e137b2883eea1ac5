"""Specifications that ship with Reverie, one of each kind that it reads."""
