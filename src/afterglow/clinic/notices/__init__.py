"""Notices to people outside the screen: reminders by mail and text, wishes, quiet hours, delivery log."""
