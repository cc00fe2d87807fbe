"""Runs to look at: one HTML page with plots, and the plots as files."""

from pwdismec.reporting.report_writer import write_report

__all__ = ["write_report"]
