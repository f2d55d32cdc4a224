extension Explanation {
    /// The kinds of constraints that make a package version unsolvable.
    public enum Kind: Sendable, CaseIterable {
        /// A requirement of the version itself on the compiler.
        case compiler
        /// Another requirement of the version itself.
        case own
        /// Constraints of its dependencies, or a package that is only selected if it is requested exactly.
        case dependency
        /// A conflict of the version itself or of one of its dependencies.
        case conflict
    }

    /// The constraint that an explanation is reduced to.
    public struct Cause: Sendable, Hashable {
        /// The kind of the constraint.
        public var kind: Kind
        /// The package that has the constraint; nil if it is the request.
        public var package: String?
        /// The facts about the constraint, in one sentence.
        public var sentence: String
    }

    /// The decisive constraint of the explanation for a package version that is requested.
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
        // The facts are sorted by their distance from the request.
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

    /// Whether the fact is a requirement on a compiler.
    var isAboutCompiler: Bool {
        guard case .needs(let wanted) = claim, subject.package != nil else { return false }
        return wanted.allSatisfy { Self.isOfCompiler($0.name) }
    }

    /// Whether no available version satisfies the requirement.
    var isImpossible: Bool {
        guard case .needs(let wanted) = claim else { return false }
        return wanted.allSatisfy { $0.state != .ruledOut }
    }

    /// Whether both facts require the same packages, regardless of versions.
    func isLike(_ other: Explanation.Fact) -> Bool {
        guard case .needs(let wanted) = claim, case .needs(let others) = other.claim else {
            return claim == other.claim
        }
        return wanted.map(\.name) == others.map(\.name)
    }

    /// Whether a package is a compiler, or one that only selects among compilers.
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
