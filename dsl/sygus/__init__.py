"""SyGuS-IF: reading versions 1 and 2.1, printing version 2.1."""
