"""The record: Django apps that store what the pure rooms decide, and the doors' only way to it."""
