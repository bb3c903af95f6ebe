"""Command line: the verbs of the frame for a shell, one file per command.

Takes   arguments, settings.              Gives  results on stdout, everything else on stderr, an exit code.
May use every room, by command.           Never  decides how a picture is described; prints raw control characters."""
