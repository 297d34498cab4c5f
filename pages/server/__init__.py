"""What is done once in the life of a server."""
