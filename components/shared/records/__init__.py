"""What steps hand to each other: directories and JSON files, read and written here alone."""
