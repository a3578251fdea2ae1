// The session page: its islands register themselves here.
export {};
