/// The fields that decide what can be installed with what.
extension OpamFile {
    /// What must be installed.
    public var depends: DependencyFormula { read(.depends) }

    /// What is used if it is installed: a disjunction of single packages.
    public var depopts: DependencyFormula { read(.depopts) }

    /// What must not be installed: a disjunction, where `&` means `|`.
    public var conflicts: DependencyFormula { read(.conflicts) }

    /// Of the packages of a class, only one can be installed.
    public var conflictClasses: [PackageName] { read(.conflictClasses) }

    /// Where the package can be installed.
    ///
    /// The old fields `ocaml-version` and `os` count as parts of it.
    public var available: Filter {
        let parts = [read(.operatingSystems), read(.ocamlVersion), read(.available)].filter { $0 != .bool(true) }
        return parts.isEmpty ? .bool(true) : parts.count == 1 ? parts[0] : .and(parts)
    }

    /// The flags, also those that are written as `flags:…` among the tags.
    public var flags: [String] {
        let prefix = "flags:"
        return read(.flags) + read(.tags).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// The name of the package, where the file says it.
    public var name: PackageName? { read(.packageName) }

    /// The version of the package, where the file says it.
    public var version: Version? { read(.packageVersion) }
}

extension TypedField where Content == DependencyFormula {
    /// `depends:`; all packages of the formula are needed.
    public static let depends = TypedField("depends", absent: .empty) { value throws(FieldError) in
        try value.dependencies(joinedBy: Formula.conjunction)
    }

    /// `depopts:`; packages that are used where something else selects them.
    public static let depopts = TypedField("depopts", absent: .empty) { value throws(FieldError) in
        .disjunctionOfAtoms(try value.dependencies(joinedBy: Formula.disjunction))
    }

    /// `conflicts:`; packages that cannot be in the same switch.
    public static let conflicts = TypedField("conflicts", absent: .empty) { value throws(FieldError) in
        .disjunctionOfAtoms(try value.dependencies(joinedBy: Formula.disjunction))
    }
}

extension DependencyFormula {
    /// opam's reading of formulas that may only be disjunctions.
    fileprivate static func disjunctionOfAtoms(_ formula: DependencyFormula) -> DependencyFormula {
        let atoms = formula.atoms
        return atoms.isEmpty ? .empty : .disjunction(atoms.map { .atom($0) })
    }
}

extension TypedField where Content == [PackageName] {
    /// `conflict-class:`; packages of one class exclude each other.
    public static let conflictClasses = TypedField("conflict-class", absent: []) { value throws(FieldError) in
        try value.elements { name throws(FieldError) in try name.packageName() }
    }
}

extension TypedField where Content == Filter {
    /// `available:`; true if it is absent.
    public static let available = TypedField("available", absent: .bool(true)) { value throws(FieldError) in
        try value.filterField()
    }

    /// From before opam 2.
    static let ocamlVersion = TypedField("ocaml-version", absent: .bool(true)) { value throws(FieldError) in
        .and(try value.elements { part throws(FieldError) in try part.ocamlVersionFilter() })
    }

    /// From before opam 2.
    static let operatingSystems = TypedField("os", absent: .bool(true)) { value throws(FieldError) in
        .or(try value.elements { part throws(FieldError) in try part.operatingSystemFilter() })
    }
}

extension TypedField where Content == [String] {
    /// `flags:`, also those written as `tags: "flags:…"`.
    public static let flags = TypedField("flags", absent: []) { value throws(FieldError) in
        try value.elements { flag throws(FieldError) in try flag.identifier() }
    }
}

extension TypedField where Content == PackageName? {
    /// `name:`; nil if only the file's place names the package.
    public static let packageName = TypedField("name", absent: nil) { value throws(FieldError) in
        try value.packageName()
    }
}

extension TypedField where Content == Version? {
    /// `version:`; nil if only the file's place has it.
    public static let packageVersion = TypedField("version", absent: nil) { value throws(FieldError) in
        try value.version()
    }
}

extension Value {
    /// A constraint on the compiler: `>= "4.02"`.
    fileprivate func ocamlVersionFilter() throws(FieldError) -> Filter {
        switch node.kind {
        case .prefixRelation:
            let version = firstChild.node.kind == .identifier ? firstChild.text : try firstChild.string()
            return .compare(.variable(VariableReference("ocaml-version")), relationalOperator, .string(version))
        case .group, .and:
            return .and(try children.decoded { part throws(FieldError) in try part.ocamlVersionFilter() })
        case .or:
            return .or(try children.decoded { part throws(FieldError) in try part.ocamlVersionFilter() })
        case .not: return .not(try firstChild.ocamlVersionFilter())
        default: throw unexpected("a version constraint")
        }
    }

    /// The name of an operating system, or a formula of names.
    fileprivate func operatingSystemFilter() throws(FieldError) -> Filter {
        switch node.kind {
        case .string: return .compare(.variable(VariableReference("os")), .equal, .string(text))
        case .group, .or:
            return .or(try children.decoded { part throws(FieldError) in try part.operatingSystemFilter() })
        case .and:
            return .and(try children.decoded { part throws(FieldError) in try part.operatingSystemFilter() })
        case .not: return .not(try firstChild.operatingSystemFilter())
        default: throw unexpected("the name of an operating system")
        }
    }
}
