"""Plots of a report's content, one a module. The only room that needs matplotlib."""
