"""Native specification files: TOML, JSON and tables of examples, for people to write."""
