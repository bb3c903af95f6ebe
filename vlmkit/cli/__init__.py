"""Command line: the verbs for a shell: rows of one table; and one file per command that is not a verb.

Takes   arguments, settings.              Gives  results on stdout, everything else on stderr, an exit code.
May use every room, by command.           Never  decides how a picture is described; prints raw control characters."""
