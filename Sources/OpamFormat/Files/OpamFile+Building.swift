/// The fields that say how a package is fetched, built and installed.
extension OpamFile {
    /// The commands of `build:`, in order.
    public var build: [Command] { read(.build) }
    /// The commands of `install:`, which run after those of `build:`.
    public var install: [Command] { read(.install) }
    /// The commands of `remove:`, for packages that must undo more than their files.
    public var remove: [Command] { read(.remove) }
    /// The commands of `run-test:`, which run after the build where tests are wanted.
    public var runTest: [Command] { read(.runTest) }

    /// The names of patches, applied in this order before building; bytes, usually UTF-8.
    public var patches: [Filtered<[UInt8]>] { read(.patches) }

    /// Files that are made by expanding variables in the file of the same name with `.in` after it; bytes, usually UTF-8.
    public var substs: [[UInt8]] { read(.substs) }

    /// Changes to the environment of the package's commands.
    public var buildEnvironment: [EnvironmentUpdate] { read(.buildEnvironment) }

    /// Changes to the environment of those who use the package.
    public var environment: [EnvironmentUpdate] { read(.environment) }

    /// Packages of the system's package manager, each list under the condition in which it is needed.
    public var depexts: [Filtered<[String]>] { read(.depexts) }

    /// The names of the system's packages that are needed in an environment, sorted.
    public func depexts(in environment: Environment) -> [String] { depexts.names(in: environment) }

    /// The source of the package; nil for one that has none.
    public var url: Source? {
        guard var source = tree.items.sections("url").first?.items.source() else { return nil }
        source.subpath = source.subpath ?? read(.string("x-subpath"))
        return source
    }

    /// Further files to fetch, beside the source.
    ///
    /// As for opam, the first section of a name counts.
    public var extraSources: [ExtraSource] {
        var seen: Set<[UInt8]> = []
        return tree.items.sections("extra-source").compactMap { section in
            guard let name = section.titleBytes, seen.insert(name).inserted, let source = section.items.source() else {
                return nil
            }
            return ExtraSource(nameBytes: name, source: source)
        }
    }

    /// Files beside the opam file, in its folder `files`; nil when the field is absent, which allows any.
    public var extraFiles: [CheckedFile]? { read(.extraFiles) }

    /// Packages that are pinned to an address while the package is built from its own repository.
    public var pinDepends: [PinnedDependency] { read(.pinDepends) }

    /// Variables that are true when a formula over packages is met.
    public var features: [Feature] { read(.features) }
}

extension [Filtered<[String]>] {
    /// The names in all lists whose filter holds, each once, sorted.
    public func names(in environment: Environment) -> [String] {
        var names: Set<String> = []
        for list in self where list.counts(in: environment) { names.formUnion(list.element) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// A package version and where to get it.
public struct PinnedDependency: Hashable, Sendable {
    /// The package and version to pin.
    public var package: Package
    /// The address to pin it to, as in opam's `url:`.
    public var url: String
}

/// A variable that is true when the formula is met.
public struct Feature: Hashable, Sendable {
    /// The name of the feature, a variable of the package.
    public var name: String
    /// The dependencies that decide whether the feature is there.
    public var formula: DependencyFormula
    /// What the feature is, for people.
    public var summary: String
}

extension TypedField where Content == [Command] {
    /// `build:`.
    public static let build = commands("build")
    /// `install:`.
    public static let install = commands("install")
    /// `remove:`.
    public static let remove = commands("remove")
    /// `run-test:`.
    public static let runTest = commands("run-test")
    static let buildTest = commands("build-test")
    static let buildDoc = commands("build-doc")

    private static func commands(_ name: StaticString) -> TypedField {
        TypedField(name, absent: [], isPlain: \.areCommands) { value throws(FieldError) in
            try value.nestedElements { command throws(FieldError) in try command.command() }
        }
    }
}

extension TypedField where Content == [EnvironmentUpdate] {
    /// `build-env:`: variables of the environment while the package is built.
    public static let buildEnvironment = updates("build-env")
    /// `setenv:`: variables of the environment of what depends on the package, and of the switch.
    public static let environment = updates("setenv")

    private static func updates(_ name: StaticString) -> TypedField {
        TypedField(name, absent: []) { value throws(FieldError) in
            try value.nestedElements { update throws(FieldError) in try update.environmentUpdate() }
        }
    }
}

extension TypedField where Content == [Filtered<[UInt8]>] {
    /// `patches:`: file names, applied in order where their filters are true.
    public static let patches = TypedField("patches", absent: [], isPlain: \.areFilteredStrings) {
        value throws(FieldError) in
        try value.elements { element throws(FieldError) in
            try element.filtered { name throws(FieldError) in try name.stringBytes() }
        }
    }
}

extension TypedField where Content == [Filtered<String>] {
    static func filteredStrings(_ name: StaticString) -> TypedField {
        TypedField(name, absent: [], isPlain: \.areFilteredStrings) { value throws(FieldError) in
            try value.elements { element throws(FieldError) in
                try element.filtered { text throws(FieldError) in try text.string() }
            }
        }
    }
}

extension TypedField where Content == [[UInt8]] {
    /// `substs:`: names of files that are made from templates `NAME.in`.
    public static let substs = TypedField("substs", absent: [], isPlain: \.areStrings) { value throws(FieldError) in
        try value.elements { name throws(FieldError) in try name.stringBytes() }
    }
}

extension TypedField where Content == [Filtered<[String]>] {
    /// `depexts:`: names of system packages by filter.
    public static let depexts = TypedField("depexts", absent: [], isPlain: \.areFilteredLists) {
        value throws(FieldError) in
        do throws(FieldError) {
            return try value.nestedElements { element throws(FieldError) in
                try element.filtered { names throws(FieldError) in try names.strings() }
            }
        } catch {
            guard let old = try? value.oldDepexts() else { throw error }
            return old
        }
    }
}

extension TypedField where Content == [CheckedFile]? {
    /// `extra-files:`: files below `files/` with their checksums; nil if the field is absent.
    public static let extraFiles = TypedField("extra-files", absent: nil) { value throws(FieldError) in
        try value.nestedElements { element throws(FieldError) in try element.checkedFile() }
    }
}

extension TypedField where Content == [PinnedDependency] {
    /// `pin-depends:`.
    public static let pinDepends = TypedField("pin-depends", absent: []) { value throws(FieldError) in
        try value.nestedElements { element throws(FieldError) in
            let (name, url) = try element.pair()
            guard let package = Package(try name.string()) else { throw name.unexpected("name.version") }
            return PinnedDependency(package: package, url: try url.string())
        }
    }
}

extension TypedField where Content == [Feature] {
    /// `features:`.
    public static let features = TypedField("features", absent: []) { value throws(FieldError) in
        try value.elements { element throws(FieldError) in try element.feature() }
    }
}

extension Value {
    fileprivate func strings() throws(FieldError) -> [String] {
        try elements { text throws(FieldError) in try text.string() }
    }

    /// From before opam 2: `[["debian"] ["libfoo-dev"]]`, tags of systems and names. A tag is a text and no condition,
    /// so that none of them counts anywhere; opam reads them the same way.
    fileprivate func oldDepexts() throws(FieldError) -> [Filtered<[String]>] {
        try elements { element throws(FieldError) in
            let (tags, names) = try element.pair()
            let filters = try tags.strings().map { Filter.string($0) }
            return Filtered(try names.strings(), if: .and(filters))
        }
    }

    /// `name {formula} {"what it is"}`
    fileprivate func feature() throws(FieldError) -> Feature {
        let (head, last) = withoutBraces
        let (name, formula) = head.withoutBraces
        guard let summary = last.only else { throw unexpected("one string in the last braces") }
        return Feature(
            name: try name.identifier(), formula: try formula.dependencies(), summary: try summary.string())
    }
}
