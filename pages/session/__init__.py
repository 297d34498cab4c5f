"""What one visitor chose, and their address and place."""
