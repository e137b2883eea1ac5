"""Search of λ-free languages of words by columns of numpy: all values of thousands of terms at a time."""
