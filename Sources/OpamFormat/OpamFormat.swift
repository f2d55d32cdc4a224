// OpamFormat: the room is laid, nothing lives here yet.
