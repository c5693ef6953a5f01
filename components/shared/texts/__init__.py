"""What is done to the text of a review."""
