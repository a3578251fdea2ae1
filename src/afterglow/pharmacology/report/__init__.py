"""The credibility report: published figures beside the engine's, checks of code and calculation, use and limits."""
