"""Own drawings on a 20 px box with a 1.8 px stroke; always shown beside a word."""

ICONS: dict[str, str] = {
    "alarm": '<path d="M10 2.8L18 17H2z"/><path d="M10 8v4.2M10 14.4v.2"/>',
    "back": '<path d="M12.5 4.5L7 10l5.5 5.5"/>',
    "bell": '<path d="M5 13.5h10c-1.2-1.2-1.5-2.5-1.5-5a3.5 3.5 0 00-7 0c0 2.500-.3 3.800-1.5 5z"/>'
    '<path d="M8.6 16a1.6 1.6 0 002.8 0"/>',
    "calendar": '<rect x="3" y="4.5" width="14" height="12" rx="1.5"/><path d="M3 8.5h14M7 2.8v3M13 2.8v3"/>',
    "clock": '<circle cx="10" cy="10" r="7.2"/><path d="M10 5.8V10l3 2"/>',
    "cross": '<path d="M5 5l10 10M15 5L5 15"/>',
    "document": '<path d="M5 2.8h6.5L15.5 7v10.2H5z"/><path d="M11.3 3v4.2h4"/>',
    "down": '<path d="M4.5 7.5L10 13l5.5-5.5"/>',
    "forward": '<path d="M7.5 4.5L13 10l-5.5 5.5"/>',
    "heart": '<path d="M10 16S3.5 12 3.5 7.800A3.3 3.3 0 0110 6.600a3.3 3.3 0 016.5 1.2C16.5 12 10 16 10 16z"/>',
    "info": '<circle cx="10" cy="10" r="7.4"/><path d="M10 9v5M10 6.2v.2"/>',
    "key": '<circle cx="6.5" cy="10" r="3.2"/><path d="M9.7 10H17M14.5 10v2.8"/>',
    "leave": '<path d="M8 3.5H4v13h4"/><path d="M8.500 10H17M13.500 6.500L17 10l-3.500 3.500"/>',
    "lock": '<rect x="4.5" y="9" width="11" height="7.5" rx="1.5"/><path d="M7 9V6.500a3 3 0 016 0V9"/>',
    "moon": '<path d="M15.5 12A6.5 6.5 0 018 4.500 6.5 6.5 0 1015.5 12z"/>',
    "pause": '<path d="M7 4.500v11M13 4.500v11"/>',
    "pen": '<path d="M4 16l.8-3.2L13.5 4l2.5 2.5-8.800 8.700z"/>',
    "people": '<circle cx="7" cy="7" r="2.6"/><circle cx="13.5" cy="7" r="2.6"/>'
    '<path d="M2.5 16c.5-3 2.2-4.3 4.5-4.3s4 1.3 4.5 4.3M13.5 11.7c2.3 0 3.7 1.3 4 4.3"/>',
    "person": '<circle cx="10" cy="7" r="3.2"/><path d="M3.8 16.8c.8-3.2 3.2-4.6 6.2-4.6s5.4 1.4 6.2 4.6"/>',
    "phone": '<path d="M5 3.5h2.6l1.2 3.3-1.7 1.4a9.5 9.5 0 004.7 4.7l1.4-1.7 3.3 1.2V15c0 .9-.7 1.6-1.6 1.5'
    'C8.4 16 4 11.6 3.5 5.1 3.450 4.2 4.1 3.5 5 3.5z"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "print": '<path d="M6 7V3.500h8V7M6 14H3.500V7.500h13V14H14"/><path d="M6 12h8v4.500H6z"/>',
    "pulse": '<path d="M3 10h3l2-5 3.5 10 2-5H17"/>',
    "question": '<circle cx="10" cy="10" r="7.4"/><path d="M7.8 8a2.2 2.2 0 114 1.2c-.9.7-1.8 1-1.8 2.2M10 14.2v.2"/>',
    "search": '<circle cx="9" cy="9" r="5.5"/><path d="M13.2 13.2L17 17"/>',
    "shield": '<path d="M10 2.8l6 2.2v4.5c0 3.7-2.5 6.3-6 7.7-3.5-1.4-6-4-6-7.700V5z"/>',
    "sound": '<path d="M3.5 8v4h2.8L10.5 15.500v-11L6.3 8zM13.5 7.500a3.6 3.6 0 010 5M15.8 5.300a6.8 6.8 0 010 9.4"/>',
    "start": '<path d="M6.500 4.500v11l9-5.500z"/>',
    "stop": '<rect x="5" y="5" width="10" height="10" rx="1"/>',
    "stop-sign": '<path d="M6.6 2.500h6.8l4.1 4.1v6.8l-4.1 4.100H6.600l-4.1-4.100V6.600z"/><path d="M6.5 10h7"/>',
    "sun": '<circle cx="10" cy="10" r="3.4"/>'
    '<path d="M10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.4 1.4M13.9 13.900l1.4 1.4'
    'M15.3 4.700l-1.4 1.4M6.100 13.900l-1.4 1.4"/>',
    "tick": '<path d="M3.5 10.5l4 4 9-9"/>',
    "undo": '<path d="M7 5L3.5 8.500 7 12"/><path d="M4 8.500h8a4 4 0 010 8H8"/>',
}

SEVERITY_ICONS: dict[str, str] = {
    "stop": "stop-sign",
    "caution": "alarm",
    "missing": "question",
    "info": "info",
    "cleared": "tick",
}
