"""Runs on other machines: what goes along, what computes there, and the actors of a Ray cluster that do it."""
