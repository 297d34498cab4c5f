"""What strangers bring: received, decoded in a process with limits, kept."""
