"""Parts of the page Teach: the lesson behind it, what it says, what is kept of it."""
