"""The patient's pages: public intake, check-in, calendar feed; they know no staff page."""
