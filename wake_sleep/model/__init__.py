"""The guide: what looks at a task and says which productions and programs are likely for it."""
