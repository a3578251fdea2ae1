"""What the pages show, worked out from the record before a template sees it."""
