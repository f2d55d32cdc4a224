/// What a plugin says about itself: the answer to `describe`.
///
/// - SeeAlso: `docs/decisions/0147-comparison-date.md`
public struct PluginDescription: Codable, Hashable, Sendable {
    /// Lower-case letters, digits and `-`: `openbsd`. The same as in the C descriptor, and the plugin's file is named
    /// after it (`libCisoOpenBSD.so`).
    public var name: String
    /// Changes whenever an answer changes.
    public var version: String
    /// One sentence for `ci plugin list`.
    public var summary: String
    /// What it serves; at least one.
    public var distributions: [Distribution]
    /// What a matrix may set for a target of this plugin.
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

/// A distro that a plugin serves. Its targets are named `NAME-VERSION`, or `NAME` alone where it has no versions.
public struct Distribution: Codable, Hashable, Sendable {
    /// The first part of the target's name: `debian`, `openbsd`, `archlinux`.
    public var name: String
    /// The versions known to the plugin, oldest first: `["11", "12", "13"]`. Empty for a rolling distro.
    public var versions: [String]
    /// Architectures in opam's spelling, the usual one first: `x86_64`, `arm64`.
    public var architectures: [String]
    /// Opam's `os-family`: `debian`, `bsd`, `arch`.
    public var family: String
    /// The family of the shell that runs its scripts.
    public var shell: ShellFamily
    /// The day on which the plugin's names of system packages were last compared with the distro's own list
    /// (`ci plugin depexts --against`), by target: `["debian-12": "2026-11-28"]`. Absent: never.
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

/// Shells that differ in what they accept. It decides which shell `ci plugin check` parses scripts with.
public enum ShellFamily: String, Codable, Hashable, Sendable, CaseIterable {
    /// POSIX's `sh` and nothing more: dash, the sh of FreeBSD and NetBSD, busybox's ash.
    case posix
    /// The Korn shells: OpenBSD's pdksh, mksh.
    case korn
    /// GNU bash.
    case bash
    /// The Z shell.
    case zsh
}

/// A setting of a plugin, given in a matrix as `options:` of a target.
public struct PluginOption: Codable, Hashable, Sendable {
    /// What a value may be. Values travel as text, as written in the matrix.
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
    /// Which values the option takes.
    public var kind: Kind
    /// Used where the matrix says nothing. Absent: the plugin decides by itself, as `summary` explains.
    public var defaultValue: String?
    /// The only values allowed. Absent: any of its kind.
    public var choices: [String]?
    /// One sentence.
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
