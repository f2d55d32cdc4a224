/// The current step of a job, and its host.
public struct JobStep: Hashable, Sendable, CustomStringConvertible {
    /// A short phrase: `build`, `install`, …
    public var name: String
    /// `USER@HOST`, with the port if one is given; nil for this machine.
    public var host: String?

    public init(_ name: String, host: String? = nil) {
        self.name = name
        self.host = host
    }

    public var description: String { host.map { "\(name) on \($0)" } ?? name }
}
