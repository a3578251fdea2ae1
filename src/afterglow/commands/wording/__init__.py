"""Wording packs on disk: fetching the one that may be fetched, and keeping accepted ones in a clinic's data folder."""
