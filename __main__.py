"""`python -m hashlease` is the command `hashlease`."""

from .cli import main

if __name__ == "__main__":
    main()
