/// The exit codes of `ci`.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    /// All required cells are good.
    case success = 0
    /// A required cell is not good.
    case notGood = 1
    /// The input is wrong: YAML, an opam file, an unknown target or package.
    case input = 2
    /// The machine, the network or the disk failed; the run gave no verdict on a package.
    case infrastructure = 3
    /// The command line is wrong.
    case usage = 64
    /// A bug in ciso.
    case bug = 70
    /// Interrupted by the user.
    case interrupted = 130
}
