/// Why a request has no solution: a minimal unsatisfiable core of facts.
///
/// The facts are ordered from the request outwards. `description` has one sentence per line.
///
/// - SeeAlso: `docs/decisions/0026-explanations.md`
public struct Explanation: Sendable, Hashable {
    /// The facts, which together have no solution; without any one of them there is one.
    public var facts: [Fact]
    /// The names that it was derived from: it does not change while their versions do not.
    public var examined: Set<Universe.NameID> = []

    /// One constraint of the core.
    public struct Fact: Sendable, Hashable {
        /// The subject: a package or the request.
        public var subject: Subject
        /// The statement about the subject.
        public var claim: Claim
    }

    /// The package, or the request, that has the constraint.
    public enum Subject: Sendable, Hashable {
        case request
        /// Versions of a package, oldest first.
        case package(name: String, versions: [String])
    }

    /// The possible statements about a subject.
    public enum Claim: Sendable, Hashable {
        /// It requires one of the packages: `ocaml < 5.0`.
        case needs([Wanted])
        /// All roots of the request but the last imply this package version.
        case comesWith(String, roots: String)
        /// It cannot be installed together with a package: `ocaml >= 5.0`.
        case conflicts(String)
        /// It belongs to a class of which only one package can be installed.
        case isOneOf(conflictClass: String)
    }

    /// A required package with the allowed versions, and why none can be selected.
    public struct Wanted: Sendable, Hashable {
        /// The requirement as in an opam file, without quotes: `ocaml >= 4.08 & < 5.0`.
        public var text: String
        /// Why no such version can be selected.
        public var state: State
    }

    /// The reasons why a version cannot be selected.
    public enum State: Sendable, Hashable {
        /// Such versions exist, but other facts exclude them.
        case ruledOut
        case noSuchPackage
        /// No such version exists.
        case noSuchVersion(newest: String)
        /// The versions exist, but not for the target: the newest of them, and its filter `available`.
        case unavailable(version: String, filter: String)
        /// All versions have the flag `avoid-version`, and the package is not requested exactly.
        case avoided
    }
}

extension Explanation: CustomStringConvertible {
    /// One sentence per fact.
    public var description: String { facts.map(\.description).joined(separator: "\n") }
}

extension Explanation.Fact: CustomStringConvertible {
    public var description: String {
        switch claim {
        case .needs(let wanted):
            "\(subject) \(subject == .request ? "asks for" : subject.isPlural ? "need" : "needs") "
                + (wanted.count == 1 ? wanted[0].description : wanted.map(\.brief).joined(separator: " or "))
        case .comesWith(let package, let roots): "\(roots) comes with \(package)"
        case .conflicts(let other): "\(subject) \(subject.isPlural ? "conflict" : "conflicts") with \(other)"
        case .isOneOf(let name):
            "\(subject) \(subject.isPlural ? "are" : "is") in the conflict class \(name), which allows one package"
        }
    }
}

extension Explanation.Subject: CustomStringConvertible {
    var isPlural: Bool {
        if case .package(_, let versions) = self { versions.count > 1 } else { false }
    }

    public var description: String {
        switch self {
        case .request: return "the request"
        case .package(let name, let versions):
            switch versions.count {
            case 0: return name
            case 1, 2: return "\(name) \(versions.joined(separator: " and "))"
            default: return "\(name) \(versions[0]) … \(versions[versions.count - 1]) (\(versions.count) versions)"
            }
        }
    }
}

extension Explanation.Wanted: CustomStringConvertible {
    /// The description of one alternative among others.
    var brief: String {
        switch state {
        case .ruledOut: text
        case .noSuchPackage: "\(text) (no such package)"
        case .noSuchVersion: "\(text) (no such version)"
        case .unavailable: "\(text) (not available)"
        case .avoided: "\(text) (avoid-version)"
        }
    }

    public var description: String {
        switch state {
        case .ruledOut: text
        case .noSuchPackage: "\(text), but there is no such package"
        case .noSuchVersion(let newest): "\(text), but there is no such version: the newest is \(newest)"
        case .unavailable(let version, let filter):
            "\(text), but \(version) is not available on the target, only where \(filter)"
        case .avoided: "\(text), but every version has the flag avoid-version and is only taken when asked for exactly"
        }
    }
}
