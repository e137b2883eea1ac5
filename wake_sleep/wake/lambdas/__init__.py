"""The search engine for languages with λs: bottom-up enumeration of open terms."""
