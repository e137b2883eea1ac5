"""What a person types at a prompt."""
