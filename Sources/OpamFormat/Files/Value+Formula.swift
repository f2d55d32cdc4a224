/// Decodes filters and formulas.
extension Value {
    func filter() throws(FieldError) -> Filter {
        switch node.kind {
        case .bool: return .bool(node.detail.contains(.isTrue))
        case .string: return .string(text)
        case .integer: return .string(text.filter { $0 != "_" })
        case .identifier: return .variable(try variable())
        case .group:
            guard let inner = children.only else { throw unexpected("one filter in the parentheses") }
            return try inner.filter()
        case .relation: return .compare(try firstChild.filter(), relationalOperator, try lastOfTwo.filter())
        case .not: return .not(try firstChild.filter())
        case .defined: return .defined(try firstChild.filter())
        case .and: return .and(try children.decoded { value throws(FieldError) in try value.filter() })
        case .or: return .or(try children.decoded { value throws(FieldError) in try value.filter() })
        default: throw unexpected("a filter")
        }
    }

    private func variable() throws(FieldError) -> VariableReference {
        guard let variable = VariableReference(parsing: text, interpolated: false) else {
            throw FieldError(message: "'\(text)' is not a variable of a package", node: node)
        }
        return variable
    }

    /// A filter as the whole value of a field: it may have brackets, and empty brackets mean true.
    func filterField() throws(FieldError) -> Filter {
        guard node.kind == .list else { return try filter() }
        if children.isEmpty { return .bool(true) }
        guard let only = children.only else { throw unexpected("a single filter") }
        return try only.filter()
    }

    /// A formula over packages.
    ///
    /// - Parameter join: How adjacent values are combined: all of them, or any of them.
    func dependencies(
        joinedBy join: ([DependencyFormula]) -> DependencyFormula
    ) throws(FieldError) -> DependencyFormula {
        let parts = try elements { value throws(FieldError) in try value.dependencyFormula(join) }
        return parts.isEmpty ? .empty : join(parts)
    }

    fileprivate func dependencyFormula(
        _ join: ([DependencyFormula]) -> DependencyFormula
    ) throws(FieldError) -> DependencyFormula {
        switch node.kind {
        case .string: return .atom(Dependency(try packageName()))
        case .option:
            let name = try firstChild.packageName()
            return .atom(Dependency(name, try children.afterFirst.condition()))
        case .group:
            let parts = try children.dependencyFormulas(join)
            return parts.isEmpty ? .empty : join(parts)
        case .and: return .conjunction(try children.dependencyFormulas(join))
        case .or: return .disjunction(try children.dependencyFormulas(join))
        default: throw unexpected("a package")
        }
    }

    fileprivate func condition() throws(FieldError) -> Formula<Dependency.Condition> {
        switch node.kind {
        case .prefixRelation: return .atom(.version(relationalOperator, try firstChild.versionExpression()))
        case .group: return try children.condition()
        case .not: return try firstChild.condition().negated { $0.negated }
        case .and:
            return .conjunction(try children.decoded { value throws(FieldError) in try value.condition() })
        case .or:
            return .disjunction(try children.decoded { value throws(FieldError) in try value.condition() })
        default: return .atom(.filter(try filter()))
        }
    }

    /// The version in a constraint: a string, which may contain variables, or a variable.
    private func versionExpression() throws(FieldError) -> Filter {
        switch node.kind {
        case .identifier: return .variable(try variable())
        case .string:
            let text = text
            guard Version.isValid(Interpolation.expand(text) { _ in .string("-") }) else {
                throw FieldError(message: "\"\(text)\" is not a version", node: node)
            }
            return .string(text)
        default: throw unexpected("a version in quotes or a variable")
        }
    }
}

extension Values {
    fileprivate func dependencyFormulas(
        _ join: ([DependencyFormula]) -> DependencyFormula
    ) throws(FieldError) -> [DependencyFormula] {
        try decoded { value throws(FieldError) in try value.dependencyFormula(join) }
    }

    /// A formula over packages: the conjunction of the values.
    func dependencies() throws(FieldError) -> DependencyFormula {
        .conjunction(
            try decoded { value throws(FieldError) in try value.dependencies(joinedBy: Formula.conjunction) })
    }

    fileprivate func condition() throws(FieldError) -> Formula<Dependency.Condition> {
        .conjunction(try decoded { value throws(FieldError) in try value.condition() })
    }
}

extension Dependency.Condition {
    fileprivate var negated: Dependency.Condition {
        switch self {
        case .version(let relation, let version): .version(relation.negated, version)
        case .filter(let filter): .filter(.not(filter))
        }
    }
}
