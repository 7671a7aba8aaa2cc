"""A plan as a workbook that stays optimal: the certified list of plans, evaluated by plain formulas at the prices typed into it."""
