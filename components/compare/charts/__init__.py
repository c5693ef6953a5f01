"""The report's pictures, as SVG elements that take their colours from the page."""
