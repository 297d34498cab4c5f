"""Parts of several pages: choices, own files, grey mapping, downloads."""
