"""Public series fetched on request, cached on disk: nothing else in the program goes to a network, and no run needs one."""
