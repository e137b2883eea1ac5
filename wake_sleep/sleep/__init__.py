"""Sleep: what was solved becomes a library of abstractions, dreams and costs for the next wake."""
