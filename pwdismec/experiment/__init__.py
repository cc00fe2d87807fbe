"""Experiments from one YAML file: the steps, cached in a work folder, and weightings compared."""
