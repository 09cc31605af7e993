"""An engine in a process of its own: what it is told, what it tells, and who starts it."""
