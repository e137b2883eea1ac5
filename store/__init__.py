"""What is remembered: tasks, programs, abstractions and runs. Nothing is remembered yet."""
