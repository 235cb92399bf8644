"""`python -m screening.app` is the command `secondread`."""

from screening.app.cli import main

if __name__ == "__main__":
    main()
