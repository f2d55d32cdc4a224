/// A question that ciso asks a plugin: its name on the wire, what is sent, and what is expected back.
///
/// Requests and answers are JSON objects in UTF-8; the published schema is `docs/plugin-messages.schema.json`, which
/// says which keys may be left out. Keys that a reader does not know it skips, so that new ones may be added. An answer
/// is a function of the request and of nothing else: no clock, no file, no environment variable. That is what lets a
/// plan be computed again with the same result, and what `ci plugin check` verifies.
///
/// - SeeAlso: `docs/decisions/0072-plugin-json.md`
public protocol PluginCall: Sendable {
    associatedtype Request: Codable & Hashable & Sendable
    associatedtype Answer: Codable & Hashable & Sendable
    /// The name under which the plugin is called.
    static var name: String { get }
}

/// Every call of this version of the messages.
public enum PluginCalls {
    /// Who the plugin is and what it serves.
    public enum Describe: PluginCall {
        public typealias Request = NoArguments
        public typealias Answer = PluginDescription
        public static let name = "describe"
    }

    /// A target's opam variables and how its environment is made.
    public enum Target: PluginCall {
        public typealias Request = TargetRequest
        public typealias Answer = TargetDescription
        public static let name = "target"
    }

    /// The distro's names of some opam depexts, and the steps that install them.
    public enum SystemPackages: PluginCall {
        public typealias Request = SystemPackagesRequest
        public typealias Answer = SystemPackagesAnswer
        public static let name = "system-packages"
    }

    /// The steps that build, test, install and remove a package.
    public enum Steps: PluginCall {
        public typealias Request = StepsRequest
        public typealias Answer = StepsAnswer
        public static let name = "steps"
    }

    /// How to read an error in a log.
    public enum Patterns: PluginCall {
        public typealias Request = NoArguments
        public typealias Answer = PatternsAnswer
        public static let name = "patterns"
    }

    /// How a machine's image is made from the distribution's installer. A plugin need not know this call.
    public enum MachineImage: PluginCall {
        public typealias Request = MachineImageRequest
        public typealias Answer = MachineImageRecipe
        public static let name = "machine-image"
    }
}

/// The empty request: `{}`.
public struct NoArguments: Codable, Hashable, Sendable {
    public init() {}
}

/// What a plugin answers when it cannot do what was asked: an unknown version, an option with a wrong value.
///
/// It is an answer, not a fault: the plugin goes on serving calls, and the user sees the message.
public struct Refusal: Codable, Hashable, Sendable, Error {
    /// Names the thing, what was found and what was expected.
    public var message: String
    /// What the user can do about it.
    public var hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}

extension Refusal: CustomStringConvertible {
    public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}
