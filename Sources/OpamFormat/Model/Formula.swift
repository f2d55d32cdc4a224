/// A tree of conjunctions and disjunctions in textual order.
public indirect enum Formula<Atom> {
    case atom(Atom)
    /// A conjunction. The empty conjunction requires nothing.
    case all([Formula])
    /// A disjunction.
    case any([Formula])

    /// The formula that requires nothing.
    @inlinable public static var empty: Formula { .all([]) }

    /// Whether nothing is required.
    @inlinable public var isEmpty: Bool {
        if case .all(let parts) = self { parts.isEmpty } else { false }
    }

    /// The conjunction of the parts, without an extra level for a single part or for nested conjunctions.
    @inlinable public static func conjunction(_ parts: [Formula]) -> Formula {
        if parts.count == 1 { return parts[0] }
        var flat: [Formula] = []
        flat.reserveCapacity(parts.count)
        for part in parts {
            if case .all(let inner) = part { flat += inner } else { flat.append(part) }
        }
        return .all(flat)
    }

    /// The disjunction of the parts, without an extra level for a single part or for nested disjunctions.
    @inlinable public static func disjunction(_ parts: [Formula]) -> Formula {
        if parts.count == 1 { return parts[0] }
        var flat: [Formula] = []
        flat.reserveCapacity(parts.count)
        for part in parts {
            if case .any(let inner) = part { flat += inner } else { flat.append(part) }
        }
        return .any(flat)
    }

    /// The atoms in textual order.
    @inlinable public var atoms: [Atom] {
        var atoms: [Atom] = []
        appendAtoms(to: &atoms)
        return atoms
    }

    @inlinable func appendAtoms(to atoms: inout [Atom]) {
        switch self {
        case .atom(let atom): atoms.append(atom)
        case .all(let parts), .any(let parts):
            for part in parts { part.appendAtoms(to: &atoms) }
        }
    }

    /// Whether the formula is true, given the values of its atoms.
    @inlinable public func evaluate(_ holds: (Atom) throws -> Bool) rethrows -> Bool {
        switch self {
        case .atom(let atom): try holds(atom)
        case .all(let parts): try parts.allSatisfy { try $0.evaluate(holds) }
        case .any(let parts): try parts.contains { try $0.evaluate(holds) }
        }
    }

    /// The negation of the formula, given a function that negates an atom.
    func negated(_ negateAtom: (Atom) -> Atom) -> Formula {
        switch self {
        case .atom(let atom): .atom(negateAtom(atom))
        case .all(let parts): .any(parts.map { $0.negated(negateAtom) })
        case .any(let parts): .all(parts.map { $0.negated(negateAtom) })
        }
    }
}

extension Formula: Equatable where Atom: Equatable {}
extension Formula: Hashable where Atom: Hashable {}
extension Formula: Sendable where Atom: Sendable {}

extension Formula: CustomStringConvertible where Atom: CustomStringConvertible {
    /// The formula in the syntax of opam files.
    public var description: String {
        switch self {
        case .atom(let atom): atom.description
        case .all(let parts): parts.map { $0.operandText(inAll: true) }.joined(separator: " & ")
        case .any(let parts): parts.map { $0.operandText(inAll: false) }.joined(separator: " | ")
        }
    }

    private func operandText(inAll: Bool) -> String {
        switch self {
        case .any where inAll: "(\(description))"
        case .all(let parts) where parts.isEmpty: "()"
        default: description
        }
    }
}
