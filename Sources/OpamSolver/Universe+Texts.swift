internal import OpamFormat

/// The texts of atoms in explanations: as in an opam file, without quotes and without filters.
extension Universe {
    /// `ocaml >= 4.08 & < 5.0`
    func plainText(ofAtom atom: Int32) -> String {
        let condition = atoms.conditions.range(atoms.condition[Int(atom)])
        var cursor = condition.lowerBound
        let versions = condition.isEmpty ? nil : plainText(ofConditionAt: &cursor)
        return [name(NameID(rawValue: atoms.name[Int(atom)])), versions?.text].compactMap { $0 }.joined(separator: " ")
    }

    /// The text, and whether it is a disjunction; nil for a filter.
    private func plainText(ofConditionAt cursor: inout Int) -> (text: String, isAny: Bool)? {
        let codes = atoms.conditions.codes
        let (sign, operand) = (codes[cursor], codes[cursor + 1])
        cursor += 2
        switch sign {
        case Term.filter: return nil
        case Term.all, Term.any:
            let parts = (0..<operand).compactMap { _ in plainText(ofConditionAt: &cursor) }
            if parts.count <= 1 { return parts.first }
            let isAny = sign == Term.any
            let texts = parts.map { $0.isAny && !isAny ? "(\($0.text))" : $0.text }
            return (texts.joined(separator: isAny ? " | " : " & "), isAny)
        default:
            cursor += 1
            let relation = (RelationalOperator(rawValue: UInt8(operand)) ?? .equal).text
            let number = Int(codes[cursor - 1])
            let version = sign == Term.bound ? strings[bounds.version[number]] : strings[filters.text[number]]
            return ("\(relation) \(version)", false)
        }
    }

    /// The atoms of a formula, in textual order.
    func atoms(ofFormula formula: Int32) -> [Int32] {
        let codes = formulas[formula]
        return stride(from: codes.startIndex, to: codes.endIndex, by: 2)
            .filter { codes[$0] == Term.atom }.map { codes[$0 + 1] }
    }
}

extension PackageConstraint {
    /// The constraint as in an opam file, without quotes.
    var plainText: String {
        versions.isEmpty ? name.text : "\(name) \(versions.description.filter { $0 != "\"" })"
    }
}
