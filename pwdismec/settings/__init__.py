"""Settings in YAML files: plain YAML, sections of it checked, and what is trained and how."""
