"""Which allocation is best: the program, the solver session, the plan and what proves it."""
