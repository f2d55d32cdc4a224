/// The fields that determine which packages can be installed together.
extension OpamFile {
    /// The required packages.
    public var depends: DependencyFormula { read(.depends) }

    /// Packages that are used if installed: a disjunction of single packages.
    public var depopts: DependencyFormula { read(.depopts) }

    /// Packages that must not be installed: a disjunction, in which `&` means `|`.
    public var conflicts: DependencyFormula { read(.conflicts) }

    /// The conflict classes: at most one package of a class can be installed.
    public var conflictClasses: [PackageName] { read(.conflictClasses) }

    /// The filter for targets on which the package can be installed.
    ///
    /// The old fields `ocaml-version` and `os` are combined with it.
    public var available: Filter {
        let parts = [read(.operatingSystems), read(.ocamlVersion), read(.available)].filter { $0 != .bool(true) }
        return parts.isEmpty ? .bool(true) : parts.count == 1 ? parts[0] : .and(parts)
    }

    /// The flags, including those written as `flags:…` in the tags.
    public var flags: [String] {
        let prefix = "flags:"
        return read(.flags) + read(.tags).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// The package name in the file; nil if it is absent.
    public var name: PackageName? { read(.packageName) }

    /// The version in the file; nil if it is absent.
    public var version: Version? { read(.packageVersion) }
}

extension TypedField where Content == DependencyFormula {
    /// `depends:`: the required packages.
    public static let depends = TypedField("depends", absent: .empty) { value throws(FieldError) in
        try value.dependencies(joinedBy: Formula.conjunction)
    }

    /// `depopts:`: packages that are used if something else selects them.
    public static let depopts = TypedField("depopts", absent: .empty) { value throws(FieldError) in
        .disjunctionOfAtoms(try value.dependencies(joinedBy: Formula.disjunction))
    }

    /// `conflicts:`: packages that cannot be in the same switch.
    public static let conflicts = TypedField("conflicts", absent: .empty) { value throws(FieldError) in
        .disjunctionOfAtoms(try value.dependencies(joinedBy: Formula.disjunction))
    }
}

extension DependencyFormula {
    /// Converts a formula that may only be a disjunction, as opam does.
    fileprivate static func disjunctionOfAtoms(_ formula: DependencyFormula) -> DependencyFormula {
        let atoms = formula.atoms
        return atoms.isEmpty ? .empty : .disjunction(atoms.map { .atom($0) })
    }
}

extension TypedField where Content == [PackageName] {
    /// `conflict-class:`: packages of one class exclude each other.
    public static let conflictClasses = TypedField("conflict-class", absent: []) { value throws(FieldError) in
        try value.elements { name throws(FieldError) in try name.packageName() }
    }
}

extension TypedField where Content == Filter {
    /// `available:`; true if it is absent.
    public static let available = TypedField("available", absent: .bool(true)) { value throws(FieldError) in
        try value.filterField()
    }

    /// A field from before opam 2.
    static let ocamlVersion = TypedField("ocaml-version", absent: .bool(true)) { value throws(FieldError) in
        .and(try value.elements { part throws(FieldError) in try part.ocamlVersionFilter() })
    }

    /// A field from before opam 2.
    static let operatingSystems = TypedField("os", absent: .bool(true)) { value throws(FieldError) in
        .or(try value.elements { part throws(FieldError) in try part.operatingSystemFilter() })
    }
}

extension TypedField where Content == [String] {
    /// `flags:`, including those written as `tags: "flags:…"`.
    public static let flags = TypedField("flags", absent: []) { value throws(FieldError) in
        try value.elements { flag throws(FieldError) in try flag.identifier() }
    }
}

extension TypedField where Content == PackageName? {
    /// `name:`; nil if only the path of the file contains the name.
    public static let packageName = TypedField("name", absent: nil) { value throws(FieldError) in
        try value.packageName()
    }
}

extension TypedField where Content == Version? {
    /// `version:`; nil if only the path of the file contains the version.
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

    /// The name of an operating system, or a formula over names.
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
