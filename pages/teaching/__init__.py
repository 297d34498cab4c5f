"""Parts of the page Teach: what it asks, what it says, what is kept of it."""
