"""`python -m mltools` is the `mltools` command."""

from mltools.cli.app import main

if __name__ == "__main__":
    main()
