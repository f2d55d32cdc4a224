internal import ArgumentParser

/// A command that creates sandboxes or examines their files. For an ordinary user it enters a user namespace as root
/// before anything else: the namespace maps ids for the users of a root file system. Outside of it, those files have
/// other owners and some directories are unreadable.
protocol SandboxingCommand: ParsableCommand {}
