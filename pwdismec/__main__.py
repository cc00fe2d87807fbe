"""``python -m pwdismec`` is the command `pwdismec`."""

from pwdismec.cli.main import main

if __name__ == "__main__":
    main()
