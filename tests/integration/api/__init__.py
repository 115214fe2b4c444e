"""The HTTP face over a real system, asked through the whole stack but the socket."""
