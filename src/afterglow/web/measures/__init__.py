"""Measures of a chart: what is due, forms asked and entered, results, suicide alerts and their assessment."""
