"""The command line, one command a module of the command's name. Heavy parts are imported by the command that runs."""
