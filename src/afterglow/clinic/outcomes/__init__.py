"""What the figures of the clinic are drawn from: a summary of each course, rebuilt when its chart has changed."""
