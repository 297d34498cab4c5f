"""What the rock is: where the sample lies, phase fractions, porosity."""
