"""Make the files of a shipped generation from one of a store."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from store.repository import Store
from workbench.generations import named_generation
from workbench.shipped import write_generation


def _main() -> None:
    """Write the two files beside this one, or into another folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", help="location of the store")
    parser.add_argument("generation", help="its name")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    with Store.open(options.store, read_only=True) as store:
        for path in write_generation(named_generation(store, options.generation), options.folder):
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    _main()
