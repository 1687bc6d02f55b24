"""Jobs and studies: a question, a frozen configuration, arms with their controls."""
