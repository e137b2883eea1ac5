"""``python -m tests.checker``: see `tests.checker.check_answers`."""

import sys

from tests.checker.check_answers import main

# Answers nest deeply, and this reads and runs them by recursion.
sys.setrecursionlimit(100_000)
sys.exit(main())
