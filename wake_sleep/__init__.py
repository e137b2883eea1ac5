"""How a program is found, and how the finder gets better."""
