"""The inspector: a form made from the ports of what is selected."""
