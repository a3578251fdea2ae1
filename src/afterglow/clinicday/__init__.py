"""What a clinic's day allows and asks: booking, staffing, need, dues, surveillance, triage. Pure decisions on data."""
