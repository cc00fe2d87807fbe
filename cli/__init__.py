"""The pwdismec command: each subcommand parses, calls one library function, and prints."""
