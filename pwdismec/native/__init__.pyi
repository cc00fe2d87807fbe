"""Types of the compiled kernels (see the .hpp files for what each computes)."""

instruction_set: str
