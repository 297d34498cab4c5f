"""`python -m sandseg`: the command line."""

from sandseg.cli.main import main

if __name__ == "__main__":
    main()
