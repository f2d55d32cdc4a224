extension Explanation {
    /// The kinds of constraints that leave a package version without a solution.
    public enum Kind: Sendable, CaseIterable {
        /// What the version itself needs of the compiler.
        case compiler
        /// Something else that the version itself needs.
        case own
        /// Constraints of packages that it depends on, or a package that can only be selected when it is asked for exactly.
        case dependency
        /// A conflict, of the version itself or of packages that it depends on.
        case conflict
    }

    /// The constraint that an explanation comes down to.
    public struct Cause: Sendable, Hashable {
        /// The kind of the constraint.
        public var kind: Kind
        /// The package that has the constraint; nil if it is the request.
        public var package: String?
        /// The facts about the constraint, in one sentence.
        public var sentence: String
    }

    /// The constraint that the explanation comes down to for a package version, which the request asks for.
    ///
    /// - Returns: nil for an explanation without facts.
    public func cause(of name: String, version: String) -> Cause? {
        guard let last = facts.last else { return nil }
        let own = facts.filter { $0.subject == .package(name: name, versions: [version]) }
        let others = facts.filter { $0.subject.package != nil && $0.subject.package != name }
        if let conflict = facts.first(where: \.isConflict) { return cause(.conflict, [conflict]) }
        if others.isEmpty, !own.isEmpty {
            let bounds = own.filter(\.isAboutCompiler)
            return bounds.isEmpty ? cause(.own, own.suffix(1)) : cause(.compiler, bounds)
        }
        // The facts are in the order of their distance from the request.
        let root = others.last { $0.isImpossible || $0.isAboutCompiler } ?? others.last ?? last
        return cause(.dependency, facts.filter { $0.subject.package == root.subject.package && $0.isLike(root) })
    }

    private func cause(_ kind: Kind, _ facts: [Fact]) -> Cause {
        Cause(
            kind: kind, package: facts.first?.subject.package,
            sentence: facts.map(\.description).joined(separator: "; "))
    }
}

extension Explanation.Subject {
    /// The package's name; nil for the request.
    var package: String? {
        if case .package(let name, _) = self { name } else { nil }
    }
}

extension Explanation.Fact {
    var isConflict: Bool {
        switch claim {
        case .conflicts, .isOneOf: true
        case .needs, .comesWith: false
        }
    }

    /// Whether the subject needs some compiler.
    var isAboutCompiler: Bool {
        guard case .needs(let wanted) = claim, subject.package != nil else { return false }
        return wanted.allSatisfy { Self.isOfCompiler($0.name) }
    }

    /// Whether nothing that is available meets the need.
    var isImpossible: Bool {
        guard case .needs(let wanted) = claim else { return false }
        return wanted.allSatisfy { $0.state != .ruledOut }
    }

    /// Whether both need the same packages, in whatever versions.
    func isLike(_ other: Explanation.Fact) -> Bool {
        guard case .needs(let wanted) = claim, case .needs(let others) = other.claim else {
            return claim == other.claim
        }
        return wanted.map(\.name) == others.map(\.name)
    }

    /// Whether a package is a compiler, or one that only chooses among compilers.
    private static func isOfCompiler(_ name: Substring) -> Bool {
        let names = ["", "-base-compiler", "-variants", "-system", "-compiler", "-config"]
        return names.contains { "ocaml\($0)" == name } || name.hasPrefix("ocaml-option-")
            || name.hasPrefix("ocaml-options-")
    }
}

extension Explanation.Wanted {
    /// The package's name.
    var name: Substring {
        let words = text.hasPrefix("other versions of ") ? text.dropFirst("other versions of ".count) : text[...]
        return words.prefix { $0 != " " }
    }
}
