"""Search of λ-free languages by tuples of values, one for each active case."""
