package import Core

/// A pattern for packages and their versions in a matrix: `lwt`, `lwt.5.7.0`, `lwt >= 5.0 & < 6`, `mirage-*`.
package struct PackagePattern: Hashable, Sendable, CustomStringConvertible {
    /// The relations of opam's constraints.
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case atLeast = ">="
        case greater = ">"
        case atMost = "<="
        case less = "<"
    }

    /// A bound on versions, in opam's order.
    package struct Constraint: Hashable, Sendable, CustomStringConvertible {
        /// The comparison operator.
        package var comparison: Comparison
        /// The version to compare with, in opam's order.
        package var version: String

        package var description: String { "\(comparison.rawValue) \(version)" }
    }

    /// The glob for package names.
    package let name: Glob
    /// The constraints, all of which must be satisfied. `NAME.VERSION` is `= VERSION`.
    package let constraints: [Constraint]

    package var description: String {
        guard let first = constraints.first else { return name.pattern }
        return constraints.dropFirst().reduce("\(name.pattern) \(first)") { "\($0) & \($1)" }
    }

    /// The version in an exact constraint; nil if there is none.
    package var exactVersion: String? {
        constraints.count == 1 && constraints[0].comparison == .equal ? constraints[0].version : nil
    }

    package init(name: Glob, constraints: [Constraint] = []) {
        self.name = name
        self.constraints = constraints
    }

    /// The reason why a text is not a pattern.
    package struct Malformed: ClassifiedError, CustomStringConvertible {
        /// The problem with the text.
        package var reason: String

        package var category: ErrorCategory { .input }
        package var description: String { "this is not a package pattern: \(reason)" }
    }

    /// Parses `text`.
    ///
    /// - Throws: `Malformed`.
    package init(_ text: String) throws(Malformed) {
        let nameEnd = text.firstIndex { !Self.isNameLetter($0) } ?? text.endIndex
        let name = text[..<nameEnd]
        guard !name.isEmpty else { throw Malformed(reason: "it does not begin with a package name") }
        let rest = text[nameEnd...]
        if rest.first == "." {
            let version = rest.dropFirst()
            guard !version.isEmpty, version.allSatisfy(Self.isVersionLetter) else {
                throw Malformed(reason: "'\(version)' is not a version")
            }
            self.init(
                name: Glob(String(name)), constraints: [Constraint(comparison: .equal, version: String(version))])
            return
        }
        var constraints: [Constraint] = []
        if !rest.allSatisfy({ $0 == " " }) {
            for part in rest.split(separator: "&", omittingEmptySubsequences: false) {
                constraints.append(try Self.constraint(part))
            }
        }
        self.init(name: Glob(String(name)), constraints: constraints)
    }

    private static func constraint(_ part: Substring) throws(Malformed) -> Constraint {
        let trimmed = part.drop { $0 == " " }
        let comparison = Comparison.allCases.filter { trimmed.hasPrefix($0.rawValue) }
            .max { $0.rawValue.count < $1.rawValue.count }
        guard let comparison else {
            let found = trimmed.isEmpty ? "nothing" : "'\(trimmed)'"
            throw Malformed(reason: "expected a bound such as '>= 1.0', found \(found)")
        }
        var version = trimmed.dropFirst(comparison.rawValue.count).drop { $0 == " " }
        while version.last == " " { version.removeLast() }
        guard !version.isEmpty, version.allSatisfy(isVersionLetter) else {
            throw Malformed(reason: "'\(version)' is not a version")
        }
        return Constraint(comparison: comparison, version: String(version))
    }

    private static func isNameLetter(_ letter: Character) -> Bool {
        letter.isASCII && (letter.isLetter || letter.isNumber || "-_+*?".contains(letter))
    }

    static func isVersionLetter(_ letter: Character) -> Bool {
        letter.isASCII && (letter.isLetter || letter.isNumber || "-_+.~".contains(letter))
    }
}
