"""Dosing sessions as stored: the event list, its chain, and the actions that append to it."""
