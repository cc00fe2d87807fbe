"""Numbers of bytes, for people."""


def size_text(n_bytes: float) -> str:
    """A number of bytes in the unit that suits it, to three figures: "1.42 GB"."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if n_bytes >= 0.9995 * unit:
            return f"{n_bytes / unit:,.3g} {name}"
    return f"{n_bytes / 1e3:.3g} kB"
