"""Charts written on the server as SVG, styled by classes."""
