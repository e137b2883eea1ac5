"""Inductive invariants: predicates that hold at the start, are kept by every step and exclude what is bad.

`wake_sleep.wake.invariants.search.find_invariant` is the way in. Every engine here works on the condition as Horn
clauses, and none of them is trusted: what is returned has been proved by the verifier of the condition.
"""
