"""Any file becomes a stack of grey slices or of labels, or a refusal."""
