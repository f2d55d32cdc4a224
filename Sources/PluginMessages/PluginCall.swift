/// A call of a plugin: its name, the type of the request, and the type of the answer.
///
/// Requests and answers are JSON objects in UTF-8; the published schema is `docs/plugin-messages.schema.json`, which
/// lists the optional keys. Unknown keys are ignored, so that new ones can be added. An answer is a function of the
/// request alone: no clock, no file, no environment variable. So a plan can be computed again with the same result,
/// which `ci plugin check` verifies.
///
/// - SeeAlso: `docs/decisions/0072-plugin-json.md`
public protocol PluginCall: Sendable {
    associatedtype Request: Codable & Hashable & Sendable
    associatedtype Answer: Codable & Hashable & Sendable
    /// The name of the call.
    static var name: String { get }
}

/// All calls of this version of the messages.
public enum PluginCalls {
    /// The plugin's description of itself and what it serves.
    public enum Describe: PluginCall {
        public typealias Request = NoArguments
        public typealias Answer = PluginDescription
        public static let name = "describe"
    }

    /// The opam variables and the environment of a target.
    public enum Target: PluginCall {
        public typealias Request = TargetRequest
        public typealias Answer = TargetDescription
        public static let name = "target"
    }

    /// The distribution's names of opam depexts, and the steps that install them.
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

    /// The patterns of error messages in logs.
    public enum Patterns: PluginCall {
        public typealias Request = NoArguments
        public typealias Answer = PatternsAnswer
        public static let name = "patterns"
    }

    /// The recipe for making a machine image from the distribution's installer. A plugin need not know this call.
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

/// The answer of a plugin that cannot serve a request, for example because of an unknown version or an invalid option.
///
/// It is an answer, not a fault: the plugin continues to serve calls, and the user sees the message.
public struct Refusal: Codable, Hashable, Sendable, Error {
    /// The message: the object, what was found and what was expected.
    public var message: String
    /// A suggestion for the user.
    public var hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}

extension Refusal: CustomStringConvertible {
    public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}
