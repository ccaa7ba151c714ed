"""What speaks Trakt's language below ``/trakt``, for clients whose base URL can be changed."""
