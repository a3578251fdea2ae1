"""Check-ins on the phone: signed links that expire, answers, what they mean for today."""
