"""The languages that come with Reverie, one module each, and their training tasks beside them."""
