"""Thin views: read the input, call one action, choose a template."""
