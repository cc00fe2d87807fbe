"""One module for each step from files to files, as the command needs them."""
