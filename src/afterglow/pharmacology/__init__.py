"""What the drug does: published models as cited data, exact simulation, effects, mechanism, Bayesian updating."""
