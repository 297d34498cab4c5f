"""The interface: each page asks, calls the backend, shows."""
