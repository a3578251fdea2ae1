"""Sites: the clinic's places, their time zone, chosen profiles and overlays."""
