"""Forms asked of a person, answers, results, the wordings shown, and alerts that cannot be missed."""
