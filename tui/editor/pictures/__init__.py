"""Pictures on the screen: drawn by the terminal's own protocol or in cells, looked at closely, held side by side."""
