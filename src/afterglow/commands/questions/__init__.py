"""Questions to the drug model as JSON, and their answers for a person: dose finding and individual update."""
