"""What training minimises: the task's loss, and terms added to it."""
