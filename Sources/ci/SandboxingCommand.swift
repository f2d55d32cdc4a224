internal import ArgumentParser

/// A command that makes sandboxes, or looks at the files that they leave. An ordinary user runs it as root of a user
/// namespace, which has ids for the users of a root file system; that must be entered first of all. Outside of it the owners of
/// those files look different, and some directories cannot be read.
protocol SandboxingCommand: ParsableCommand {}
