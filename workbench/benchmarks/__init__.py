"""Measurements of Reverie itself, each runnable as ``python -m workbench.benchmarks.NAME``."""
