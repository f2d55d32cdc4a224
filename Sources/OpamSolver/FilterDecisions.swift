internal import OpamFormat

/// The value of every filter of a universe in one target and one scope.
struct FilterDecisions: Sendable {
    /// By filter, whether an atom with it in its braces is kept.
    private(set) var keeps: [Bool]
    let variables: [Variable: VariableValue]
    let scope: DependencyScope

    init(_ universe: Universe, _ filters: [Filter], _ variables: [Variable: VariableValue], _ scope: DependencyScope) {
        self.variables = variables
        self.scope = scope
        keeps = []
        keeps = filters.indices.map { index in
            let dependency = Dependency(FilterDecisions.someName, .atom(.filter(filters[index])))
            return !filtered(dependency, universe, Int32(index)).isEmpty
        }
    }

    /// The version constraint of `relation` and a filter that evaluates to a version.
    func constraint(
        _ relation: RelationalOperator, _ filter: Filter, number: Int32, in universe: Universe
    ) -> VersionFormula {
        let dependency = Dependency(FilterDecisions.someName, .atom(.version(relation, filter)))
        guard case .atom(let constraint) = filtered(dependency, universe, number) else { return .empty }
        return constraint.versions
    }

    /// Whether a filter evaluates differently in another target, in braces or as the version of a constraint.
    func differs(from other: FilterDecisions, _ filter: Filter, _ number: Int32, in universe: Universe) -> Bool {
        keeps[Int(number)] != other.keeps[Int(number)]
            || constraint(.equal, filter, number: number, in: universe)
                != other.constraint(.equal, filter, number: number, in: universe)
    }

    private func filtered(
        _ dependency: Dependency, _ universe: Universe, _ filter: Int32
    ) -> Formula<PackageConstraint> {
        DependencyFormula.atom(dependency).filtered(
            in: universe.environment(variables, ownVersion: universe.filters.ownVersion[Int(filter)]), scope: scope)
    }

    private static let someName = PackageName(unchecked: "package")
}

extension Universe {
    /// The variables of a target and, unless `ownVersion` is -1, of a package with that version.
    func environment(_ variables: [Variable: VariableValue], ownVersion: Int32) -> Environment {
        { variable in
            if ownVersion >= 0, Universe.isOwnVersion(variable) { return .string(strings[ownVersion]) }
            return variables[variable]
        }
    }

    /// The filters, read back from their texts.
    func parsedFilters() -> [Filter] {
        filters.text.map { number in
            // The texts were printed from filters, so they parse.
            (try? OpamFile(parsing: "available: \(strings[number])", file: ""))?.read(.available) ?? .bool(false)
        }
    }
}
