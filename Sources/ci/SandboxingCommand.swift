internal import ArgumentParser

/// A command that makes sandboxes. An ordinary user runs it as root of a user namespace, which has ids for the users of a
/// root file system; that must be entered first of all.
protocol SandboxingCommand: ParsableCommand {}
