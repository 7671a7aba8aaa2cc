"""Ready-to-run sites as YAML, each figure with its source, and loading them."""
