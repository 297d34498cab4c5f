"""What leaves: TIFFs, pictures, tables, reports."""
