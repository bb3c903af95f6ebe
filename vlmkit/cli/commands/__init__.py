"""Commands, each in the file of its name.

Takes   arguments.                        Gives  text on stdout and an exit code.
May use what its own work needs.          Never  another command."""
