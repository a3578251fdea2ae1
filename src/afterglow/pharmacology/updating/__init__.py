"""Individual update: what this patient showed, put upon a virtual population of people like this patient."""
