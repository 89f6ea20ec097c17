"""The devices of people: mail programs, their app passwords, and how they are set up."""
