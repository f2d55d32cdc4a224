/// The answer to `describe`: a plugin's description of itself.
///
/// - SeeAlso: `docs/decisions/0147-comparison-date.md`
public struct PluginDescription: Codable, Hashable, Sendable {
    /// The name, of lower-case letters, digits and `-`: `openbsd`. It equals the name in the C descriptor, and the
    /// plugin's file is named after it (`libCisoOpenBSD.so`).
    public var name: String
    /// The version, which must change whenever an answer changes.
    public var version: String
    /// One sentence for `ci plugin list`.
    public var summary: String
    /// The distributions that it serves, at least one.
    public var distributions: [Distribution]
    /// The options that a matrix may set for targets of this plugin.
    public var options: [PluginOption]

    public init(
        name: String, version: String, summary: String, distributions: [Distribution], options: [PluginOption] = []
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.distributions = distributions
        self.options = options
    }
}

extension PluginDescription {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        version = try values.decode(String.self, forKey: .version)
        summary = try values.decode(String.self, forKey: .summary)
        distributions = try values.decode([Distribution].self, forKey: .distributions)
        options = try values.decodeIfPresent([PluginOption].self, forKey: .options) ?? []
    }
}

/// A distribution that a plugin serves. Its targets are named `NAME-VERSION`, or `NAME` if it has no versions.
public struct Distribution: Codable, Hashable, Sendable {
    /// The first part of the target's name: `debian`, `openbsd`, `archlinux`.
    public var name: String
    /// The known versions, oldest first: `["11", "12", "13"]`. Empty for a rolling distribution.
    public var versions: [String]
    /// The architectures in opam's spelling, the default first: `x86_64`, `arm64`.
    public var architectures: [String]
    /// Opam's `os-family`: `debian`, `bsd`, `arch`.
    public var family: String
    /// The family of the shell that runs its scripts.
    public var shell: ShellFamily
    /// The date on which the plugin's names of system packages were last compared with the distribution's list (`ci
    /// plugin depexts --against`), by target: `["debian-12": "2026-11-28"]`. Absent for never.
    public var namesCompared: [String: String]?

    public init(
        name: String, versions: [String], architectures: [String], family: String, shell: ShellFamily,
        namesCompared: [String: String]? = nil
    ) {
        self.name = name
        self.versions = versions
        self.architectures = architectures
        self.family = family
        self.shell = shell
        self.namesCompared = namesCompared
    }
}

/// Families of shells by the syntax that they accept. The family determines the shell with which `ci plugin check`
/// parses scripts.
public enum ShellFamily: String, Codable, Hashable, Sendable, CaseIterable {
    /// POSIX `sh` without extensions: dash, the sh of FreeBSD and NetBSD, busybox's ash.
    case posix
    /// The Korn shells: OpenBSD's pdksh, mksh.
    case korn
    /// GNU bash.
    case bash
    /// The Z shell.
    case zsh
}

/// An option of a plugin, set in a matrix by `options:` of a target.
public struct PluginOption: Codable, Hashable, Sendable {
    /// The kinds of values. Values are transferred as text, as written in the matrix.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case text
        /// Decimal digits.
        case integer
        /// `true` or `false`.
        case boolean
        /// Words separated by spaces.
        case words
    }

    /// The option's name in a matrix.
    public var name: String
    /// The kind of its values.
    public var kind: Kind
    /// The value if the matrix sets none. Absent if the plugin decides by itself, as described in `summary`.
    public var defaultValue: String?
    /// The allowed values. Absent for any of its kind.
    public var choices: [String]?
    /// A description in one sentence.
    public var summary: String

    public init(
        _ name: String, _ kind: Kind = .text, default defaultValue: String? = nil, choices: [String]? = nil,
        summary: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.choices = choices
        self.summary = summary
    }
}
