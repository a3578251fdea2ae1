"""Integration and shared care: visits, therapist notes, goals, outside clinicians, letters, stepping down."""
