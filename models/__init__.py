"""What a scenario says and what it is worth: validated inputs and the economics of each thing, one file a thing."""
