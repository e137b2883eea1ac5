"""Measuring the engine on suites of problems: what is solved, how well, at what cost, and against an earlier run."""
