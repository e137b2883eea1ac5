"""Wake: how one specification is solved."""
