"""Statistics over many courses; needs the extra `analysis` (scipy, statsmodels, lifelines) and no server imports it."""
