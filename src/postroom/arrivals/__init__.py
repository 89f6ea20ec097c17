"""New mail: its detection, and the publication of it and of other events to people who are online."""
