"""People: who works here and who is treated here, with the facts of their chart."""
