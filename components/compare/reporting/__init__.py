"""The report: one HTML file, from templates."""
