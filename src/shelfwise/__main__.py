"""``python -m shelfwise`` is the command ``shelfwise``."""

from shelfwise.cli.app import main

if __name__ == "__main__":
    main()
